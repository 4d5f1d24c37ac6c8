# Requests, from what the researcher wrote. Nothing is asked yet.


rule plan:
    input:
        experiment=experiment_file,
        watched=watched_files,
    output:
        f"{RECEIPTS}/plan.json",
    log:
        f"{LOGS}/plan.log",
    localrule: True
    conda:
        "../../envs/transformers.yaml"
    params:
        ledger=ledger_folder,
        code=plan_code,
    shell:
        "reprollm plan {input.experiment:q} --ledger {params.ledger:q}"
        " --receipt {output:q} > {log:q} 2>&1"
