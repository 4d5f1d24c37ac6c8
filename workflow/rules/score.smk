# Scores of the committed answers; an edited measure runs this again and asks no model.


rule score:
    input:
        before_scores,
    output:
        f"{RECEIPTS}/score.json",
    log:
        f"{LOGS}/score.log",
    localrule: True
    conda:
        "../../envs/transformers.yaml"
    params:
        ledger=ledger_folder,
        code=code_digest("score"),
    shell:
        "reprollm score {params.ledger:q} --receipt {output:q} > {log:q} 2>&1"
