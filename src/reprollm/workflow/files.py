"""Where the workflow's files lie, and how its rules call this package.

A wheel carries `workflow/` as `reprollm/_workflow`, so that an installed package runs experiments
in any folder; an editable installation uses the checkout's own files.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from reprollm.errors import InvalidInput

_PACKAGE = Path(__file__).resolve().parent.parent

# A shell function, before every rule's command, by which `reprollm` means this very interpreter's;
# braces are doubled because Snakemake formats it. `exec` hands the shell's place to it, so that a
# signal to the job reaches it. -P keeps the workspace's own folders from being imported in place of
# installed packages.
SHELL_PREFIX = f'reprollm() {{{{ exec {shlex.quote(sys.executable)} -P -m reprollm "$@"; }}}}; '


def snakefile() -> Path:
    """Return the workflow's Snakefile: the installed one, or that of the checkout.

    Raises:
        InvalidInput: neither is there.
    """
    installed = _PACKAGE / "_workflow" / "workflow" / "Snakefile"
    checkout = _PACKAGE.parent.parent / "workflow" / "Snakefile"
    for place in (installed, checkout):
        if place.is_file():
            return place
    raise InvalidInput(
        f"expected the workflow's files at {installed.parent} or {checkout.parent}, found neither; "
        "install reprollm again from its wheel or checkout"
    )


def profile(name: str) -> Path:
    """Return the folder of a Snakemake profile: one of the workflow's own by name, or any by path.

    Raises:
        InvalidInput: there is no such profile.
    """
    profiles = snakefile().parent / "profiles"
    for folder in (profiles / name, Path(name)):
        if (folder / "config.yaml").is_file():
            return folder
    known = ", ".join(sorted(path.name for path in profiles.iterdir()))
    raise InvalidInput(
        f"expected a profile's name ({known}) or a folder with a config.yaml, found {name!r}"
    )
