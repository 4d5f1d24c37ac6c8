# `snakemake --cores 2` in a checkout: the workflow of workflow/Snakefile as a module, because a
# top-level file that only includes it would leave Snakemake without a default target.


configfile: "config/config.yaml"


module core:
    snakefile:
        "workflow/Snakefile"
    config:
        config


use rule * from core
