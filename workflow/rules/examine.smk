# Measurements and scans into the log, and then findings from the log alone.


rule commit_measurements:
    input:
        measured=measure_receipts,
        scanned=scan_receipts,
        # Two commits at once would be in each other's way.
        before=f"{RECEIPTS}/commit-generations.json",
    output:
        f"{RECEIPTS}/commit-measurements.json",
    log:
        f"{LOGS}/commit-measurements.log",
    localrule: True
    conda:
        "../../envs/transformers.yaml"
    params:
        ledger=ledger_folder,
        code=code_digest("commit"),
    shell:
        "reprollm ledger commit {params.ledger:q} {input.measured:q} {input.scanned:q}"
        " --receipt {output:q} > {log:q} 2>&1"


rule examine:
    input:
        committed=after_scores,
        experiment=experiment_file,
    output:
        f"{RECEIPTS}/examine{{of}}.json",
    log:
        f"{LOGS}/examine{{of}}.log",
    localrule: True
    conda:
        "../../envs/transformers.yaml"
    params:
        ledger=ledger_folder,
        model=model_option,
        code=code_digest("examine"),
    shell:
        "reprollm contamination examine {input.experiment:q} --ledger {params.ledger:q}"
        " {params.model} --receipt {output:q} > {log:q} 2>&1"


rule commit_findings:
    input:
        examine_receipts,
    output:
        f"{RECEIPTS}/commit-findings.json",
    log:
        f"{LOGS}/commit-findings.log",
    localrule: True
    conda:
        "../../envs/transformers.yaml"
    params:
        ledger=ledger_folder,
        code=code_digest("commit"),
    shell:
        "reprollm ledger commit {params.ledger:q} {input:q} --receipt {output:q} > {log:q} 2>&1"
