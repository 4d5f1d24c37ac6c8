"""What a bundle takes from reprollm itself: verifiers, definitions, workflow, environments.

A wheel carries these files inside the package; an editable installation uses the checkout's own.
The pages that define formats and numbers lie side by side at the top of a bundle under names in
capitals; their links to each other are changed to these names, and links to pages that a bundle
does not hold become plain words.
"""

from __future__ import annotations

import re
from pathlib import Path

from reprollm.bundles.members import Member
from reprollm.errors import InvalidInput

_PACKAGE = Path(__file__).resolve().parent.parent
_CHECKOUT = _PACKAGE.parent.parent
_INSTALLED = _PACKAGE / "_workflow"
_PLACES = {
    "verify.py": (_PACKAGE / "review" / "verify.py",),
    "verify.sql": (_PACKAGE / "review" / "verify.sql",),
    "LICENSES/Apache-2.0.txt": (_PACKAGE / "publish" / "LICENSE", _CHECKOUT / "LICENSE"),
}
# Pages of the documentation, and what they are called in a bundle.
PAGES = {"spec.md": "SPEC.md", "scores.md": "SCORES.md", "conclusions.md": "CONCLUSIONS.md"}
_LINK = re.compile(r"\[([^\[\]]+)\]\(([\w-]+\.md)(#[\w-]*)?\)")
_FOLDERS = {"workflow": "workflow", "environment/pinned": "envs"}
SNAKEFILE = "workflow/Snakefile"


def shipped_members() -> list[Member]:
    """Return reprollm's own files as members: the same whatever is published.

    Raises:
        InvalidInput: a file is missing from the installation.
    """
    members = [Member(path, _found(path, places)) for path, places in _PLACES.items()]
    members += [Member(shipped, _page(page, shipped)) for page, shipped in PAGES.items()]
    for target, name in _FOLDERS.items():
        folder = _folder(name)
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and not any(_hidden(part) for part in inside.parts):
                members.append(Member(f"{target}/{inside.as_posix()}", path))
    return members


def _page(page: str, shipped: str) -> bytes:
    """Return a page of the documentation with links that lead somewhere in a bundle."""
    places = (_PACKAGE / "publish" / shipped, _CHECKOUT / "docs" / page)
    return _LINK.sub(_within, _found(shipped, places).read_text("utf-8")).encode()


def _within(link: re.Match[str]) -> str:
    words, page, place = link.groups(default="")
    return f"[{words}]({PAGES[page]}{place})" if page in PAGES else words


def _hidden(part: str) -> bool:
    return part.startswith((".", "__pycache__")) or part.endswith(".pyc")


def _found(what: str, places: tuple[Path, ...]) -> Path:
    for place in places:
        if place.is_file():
            return place
    raise InvalidInput(
        f"expected {Path(what).name} at {places[-1]}, found none; install reprollm again from its "
        "wheel or checkout"
    )


def _folder(name: str) -> Path:
    for place in (_INSTALLED / name, _CHECKOUT / name):
        if place.is_dir():
            return place
    raise InvalidInput(
        f"expected the folder {name} at {_CHECKOUT / name}, found none; install reprollm again "
        "from its wheel or checkout"
    )
