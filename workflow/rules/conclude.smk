# What the experiment declares of its scores: comparisons, agreement, determinism, claims.


rule conclude:
    input:
        f"{RECEIPTS}/commit-scores.json",
    output:
        f"{RECEIPTS}/conclude.json",
    log:
        f"{LOGS}/conclude.log",
    localrule: True
    conda:
        "../../envs/transformers.yaml"
    params:
        ledger=ledger_folder,
        code=code_digest("conclude"),
    shell:
        "reprollm conclude {params.ledger:q} --receipt {output:q} > {log:q} 2>&1"


rule commit_conclusions:
    input:
        f"{RECEIPTS}/conclude.json",
    output:
        f"{RECEIPTS}/commit-conclusions.json",
    log:
        f"{LOGS}/commit-conclusions.log",
    localrule: True
    conda:
        "../../envs/transformers.yaml"
    params:
        ledger=ledger_folder,
        code=code_digest("commit"),
    shell:
        "reprollm ledger commit {params.ledger:q} {input:q} --receipt {output:q} > {log:q} 2>&1"
