# How well the model foresees the examined texts: jobs like those that answer requests.


rule measure:
    input:
        # The examination is in the log before anything is measured.
        committed=f"{RECEIPTS}/commit-plan.json",
        experiment=experiment_file,
    output:
        f"{RECEIPTS}/measure{{of}}/{{slice}}-of-{{slices}}.json",
    log:
        f"{LOGS}/measure{{of}}-{{slice}}-of-{{slices}}.log",
    conda:
        "../../envs/transformers.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        ledger=ledger_folder,
        model=model_option,
        code=code_digest("measure"),
    shell:
        "reprollm contamination measure {input.experiment:q} --ledger {params.ledger:q}"
        " {params.model} --slice {wildcards.slice}/{wildcards.slices} --receipt {output:q} > {log:q} 2>&1"
