# Corpora searched for the items' texts: one job a corpus, which needs no model.


rule scan:
    input:
        committed=f"{RECEIPTS}/commit-plan.json",
        experiment=experiment_file,
    output:
        f"{RECEIPTS}/scan/{{scan}}.json",
    log:
        f"{LOGS}/scan-{{scan}}.log",
    conda:
        "../../envs/transformers.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        ledger=ledger_folder,
        code=code_digest("scan"),
    shell:
        "reprollm contamination scan {input.experiment:q} --ledger {params.ledger:q}"
        " --name {wildcards.scan:q} --jobs {threads} --receipt {output:q} > {log:q} 2>&1"
