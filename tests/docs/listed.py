"""What the pages say and the tests do not run, each with the reason; and what readers have already.

Whatever is not listed here is run.
"""

from __future__ import annotations

from dataclasses import dataclass

from docs.blocks import CHECKOUT


@dataclass(frozen=True)
class Unrun:
    """Commands that are checked without being run.

    Attributes:
        page: the page.
        begins: how the command begins.
        reason: why it is not run here.
    """

    page: str
    begins: str
    reason: str


_CI = "continuous integration runs it itself"
_DEMO = "`make demo` runs it, which continuous integration does"
_INSTALLS = "installs packages; continuous integration builds its environments from the same pins"
_SLURM = "needs SLURM; `make test-cluster` runs it on a real one"
_NETWORK = "fetches from a hub of models; tests/sources does it from a server of its own"
_GPU = "needs a GPU"
_OTHERS = "needs data that are not ours to give; tests/experiments runs it on some of its own"
_MINUTES = "computes for minutes; tests/determinism runs it with less"

UNRUN = (
    Unrun("README.md", "make ", _CI),
    Unrun("README.md", ".venv/bin/reprollm ", _DEMO),
    Unrun("README.md", "pip install ", _INSTALLS),
    Unrun("README.md", "reprollm challenge ", "docs/reviewing.md has the same, and is run"),
    Unrun("README.md", "reprollm rerun experiments/normalisation", "asks 1,680 requests again"),
    Unrun("README.md", "reprollm run letters --profile slurm", _SLURM),
    Unrun("docs/cluster.md", "pip install ", _INSTALLS),
    Unrun("docs/cluster.md", "reprollm run letters --profile slurm", _SLURM),
    Unrun("docs/determinism.md", "reprollm determinism models/my-model", _MINUTES),
    Unrun(
        "docs/engines.md",
        "reprollm model convert ",
        "the demo's model has a tokenizer of its own; tests/llamacpp converts others",
    ),
    Unrun("docs/guide.md", "reprollm determinism ", _MINUTES),
    Unrun("docs/guide.md", "reprollm model fetch ", _NETWORK),
    Unrun("docs/guide.md", "reprollm rerun ", "tests/compare does; docs/reviewing.md asks a part"),
    Unrun("docs/models.md", "reprollm model fetch ", _NETWORK),
    Unrun(
        "docs/publishing.md",
        "reprollm plan letters --because",
        "the plan is the old one, so there is no deviation; tests/ledger makes one",
    ),
    Unrun("docs/publishing.md", "reprollm checkpoint stamp ", "asks a time stamp authority"),
    Unrun("docs/tutorial.md", "source ", "the tests' shell has the environment already"),
    Unrun("docs/workflow.md", "reprollm run letters --profile slurm", _SLURM),
    Unrun("envs/README.md", "apptainer ", "needs Apptainer and a network"),
    Unrun("envs/README.md", "pip install ", _INSTALLS),
    Unrun(
        "experiments/normalisation/README.md",
        "python experiments/normalisation/make/write_data.py",
        "writes the committed data anew; tests/experiments holds them against the generator",
    ),
    Unrun(
        "experiments/normalisation/README.md",
        "reprollm dataset seal drawn/items.csv",
        "draws the committed seal, which was drawn once",
    ),
    Unrun("experiments/normalisation/README.md", "python experiments/normalisation/make/", _DEMO),
    Unrun("experiments/hipe-ajmc/README.md", "sha256sum ", _OTHERS),
    Unrun("experiments/hipe-ajmc/README.md", "export ", _OTHERS),
    Unrun("experiments/hipe-ajmc/README.md", "reprollm ", _OTHERS),
    Unrun("experiments/pfandung/README.md", "sha256sum ", _OTHERS),
    Unrun("experiments/pfandung/README.md", "export ", _OTHERS),
    Unrun("experiments/pfandung/README.md", "reprollm ", _OTHERS),
    Unrun("ledger/README.md", "reprollm ledger ", _DEMO),
)

# Exit codes other than 0 that a page speaks of.
CODES = {
    # The other choice, after the line above it took the first.
    ("docs/exposure.md", "reprollm exposure declare letters no-use"): 3,
}

# What the reader of a page has already, made by a shell in the workspace.
BEFORE = {
    "docs/determinism.md": "cp -r ledger/letters ledger/mine; cp -r ledger/letters ledger/theirs",
    "docs/exposure.md": "cp -r ledger/letters ledger/letters-2",
    "docs/guide.md": "mkdir -p experiments/letters; "
    "cp -r ledger/letters experiments/letters/published",
    "docs/publishing.md": f"""
        mkdir logs results ~/.ssh
        cp {CHECKOUT}/tests/assets/imports/*.eval logs
        cp {CHECKOUT}/tests/assets/imports/*.json* results
        ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519
        """,
    "docs/reviewing.md": """
        mkdir reviewer; mv letters.zip reviewer; cd reviewer
        """,
    "docs/scanning.md": r"""
        mkdir pretraining
        line="one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
        printf '{"text": "%s"}\n' "$line" >pretraining/part.jsonl
        printf 'id,question\n1,%s\n' "$line" >test.csv
        printf 'id,question\n9,%s\n' "un deux trois ${line#one two three}" >held-out.csv
        """,
    "docs/sealing.md": r"""
        printf 'id,source\n%s\n%s\n' l017,'Der Bote kam.' l018,'Der Brief kam.' >letters.csv
        printf 'id,source\n%s\n%s\n' l017,'Ein Bote ging.' l018,'Ein Brief fiel.' >variants.csv
        """,
}
