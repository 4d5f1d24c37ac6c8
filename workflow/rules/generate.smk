# One job per slice of the requests; each publishes its shards itself and leaves a receipt.


rule generate:
    input:
        # The plan is in the log before the first token.
        committed=f"{RECEIPTS}/commit-plan.json",
        experiment=experiment_file,
    output:
        f"{RECEIPTS}/generate{{of}}/{{slice}}-of-{{slices}}.json",
    log:
        f"{LOGS}/generate{{of}}-{{slice}}-of-{{slices}}.log",
    conda:
        "../../envs/transformers.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        ledger=ledger_folder,
        model=model_option,
        code=code_digest("generate"),
        reuse="--reuse" if config["reuse"] else "--no-reuse",
    shell:
        "reprollm generate {input.experiment:q} --ledger {params.ledger:q} {params.reuse}"
        " {params.model} --slice {wildcards.slice}/{wildcards.slices} --receipt {output:q} > {log:q} 2>&1"
