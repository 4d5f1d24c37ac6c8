# The configuration, the experiments it names, and how the rules call reprollm.

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version, validate

from reprollm import workflow as reprollm_workflow
from reprollm.environment import code_digest
from reprollm.errors import ReprollmError

min_version("9.27")

validate(config, schema="../schemas/config.schema.yaml")

if workflow.deployment_settings.deployment_method:
    raise WorkflowError(
        "expected no software deployment method, found one: the rules run in the Python "
        "environment that runs Snakemake, so that the code they watch is the code they run; "
        "build that environment from envs/ and leave the option out"
    )

# The rules' `reprollm` is that of the interpreter which runs Snakemake, activated or not.
shell.prefix(reprollm_workflow.SHELL_PREFIX)

LEDGER = f"{config['ledger']}/{{experiment}}"
# Outputs are receipts. What they speak of (shards, log, database) is never an output, since
# Snakemake deletes outputs before a rerun and after a failure.
RECEIPTS = f"{LEDGER}/receipts"
LOGS = f"{RECEIPTS}/log"

try:
    EXPERIMENTS = reprollm_workflow.experiments(config["experiments"])
except ReprollmError as error:
    raise WorkflowError(str(error)) from None


# Of several models each has its own jobs: `of` is `/` and the model's name, else empty.
wildcard_constraints:
    experiment="|".join(EXPERIMENTS),
    of=r"(/[a-z0-9][a-z0-9_-]*)?",
    slice=r"[0-9]+",
    slices=r"[0-9]+",


def experiment_file(wildcards):
    return EXPERIMENTS[wildcards.experiment].file


def watched_files(wildcards):
    return EXPERIMENTS[wildcards.experiment].watched


def ledger_folder(wildcards):
    return LEDGER.format(experiment=wildcards.experiment)


def each_model(wildcards):
    """Return what stands for each of an experiment's models in its receipts' paths."""
    return EXPERIMENTS[wildcards.experiment].in_paths


def model_option(wildcards):
    return f"--model {wildcards.of[1:]}" if wildcards.of else ""


def slice_receipts(wildcards):
    slices = EXPERIMENTS[wildcards.experiment].slices
    folder = RECEIPTS.format(experiment=wildcards.experiment)
    return [
        f"{folder}/generate{of}/{slice}-of-{slices}.json"
        for of in each_model(wildcards)
        for slice in range(1, slices + 1)
    ]


def plan_code(wildcards):
    # An examination is planned too, by other code.
    checked = EXPERIMENTS[wildcards.experiment].checked
    return " ".join(
        [code_digest("plan"), *([code_digest("examination")] if checked else [])]
    )


def before_scores(wildcards):
    checked = EXPERIMENTS[wildcards.experiment].checked
    last = "commit-measurements" if checked else "commit-generations"
    return f"{RECEIPTS}/{last}.json"


def after_scores(wildcards):
    concluded = EXPERIMENTS[wildcards.experiment].concluded
    return f"{RECEIPTS}/{'commit-conclusions' if concluded else 'commit-scores'}.json"


def before_verification(wildcards):
    checked = EXPERIMENTS[wildcards.experiment].checked
    return f"{RECEIPTS}/commit-findings.json" if checked else after_scores(wildcards)


def measure_receipts(wildcards):
    sources = EXPERIMENTS[wildcards.experiment]
    folder = RECEIPTS.format(experiment=wildcards.experiment)
    numbers = range(1, sources.slices + 1) if sources.measured else ()
    return [
        f"{folder}/measure{of}/{number}-of-{sources.slices}.json"
        for of in each_model(wildcards)
        for number in numbers
    ]


def examine_receipts(wildcards):
    folder = RECEIPTS.format(experiment=wildcards.experiment)
    return [f"{folder}/examine{of}.json" for of in each_model(wildcards)]


def scan_receipts(wildcards):
    folder = RECEIPTS.format(experiment=wildcards.experiment)
    names = EXPERIMENTS[wildcards.experiment].scans
    return [f"{folder}/scan/{name}.json" for name in names]
