# The verified ledger as one HTML file, beside it.


rule report:
    input:
        f"{RECEIPTS}/verify.json",
    output:
        f"{LEDGER}/report.html",
    log:
        f"{LOGS}/report.log",
    localrule: True
    conda:
        "../../envs/transformers.yaml"
    params:
        ledger=ledger_folder,
        code=code_digest("report"),
    shell:
        "reprollm report {params.ledger:q} -o {output:q} > {log:q} 2>&1"
