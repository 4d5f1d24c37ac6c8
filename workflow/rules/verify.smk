# The ledger read from its first byte, as a reviewer would.


rule verify:
    input:
        before_verification,
    output:
        f"{RECEIPTS}/verify.json",
    log:
        f"{LOGS}/verify.log",
    localrule: True
    conda:
        "../../envs/transformers.yaml"
    params:
        ledger=ledger_folder,
        code=code_digest("commit"),
    shell:
        "reprollm ledger verify {params.ledger:q} --json > {output:q} 2> {log:q}"
