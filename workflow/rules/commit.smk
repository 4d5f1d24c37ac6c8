# The log grows by one segment a commit, on the head node only, and never twice by the same shard.


rule commit_plan:
    input:
        f"{RECEIPTS}/plan.json",
    output:
        f"{RECEIPTS}/commit-plan.json",
    log:
        f"{LOGS}/commit-plan.log",
    localrule: True
    conda:
        "../../envs/transformers.yaml"
    params:
        ledger=ledger_folder,
        code=code_digest("commit"),
    shell:
        "reprollm ledger commit {params.ledger:q} {input:q} --receipt {output:q} > {log:q} 2>&1"


rule commit_generations:
    input:
        slice_receipts,
    output:
        f"{RECEIPTS}/commit-generations.json",
    log:
        f"{LOGS}/commit-generations.log",
    localrule: True
    conda:
        "../../envs/transformers.yaml"
    params:
        ledger=ledger_folder,
        code=code_digest("commit"),
    shell:
        "reprollm ledger commit {params.ledger:q} {input:q} --receipt {output:q} > {log:q} 2>&1"


rule commit_scores:
    input:
        f"{RECEIPTS}/score.json",
    output:
        f"{RECEIPTS}/commit-scores.json",
    log:
        f"{LOGS}/commit-scores.log",
    localrule: True
    conda:
        "../../envs/transformers.yaml"
    params:
        ledger=ledger_folder,
        code=code_digest("commit"),
    shell:
        "reprollm ledger commit {params.ledger:q} {input:q} --receipt {output:q} > {log:q} 2>&1"
