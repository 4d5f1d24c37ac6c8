"""What a GGUF file's own metadata claim of licence and base (GGUF specification, `general.*`).

Quantized files often travel alone: no model card, no licence text, only these keys. They are claims
of whoever converted the file.
"""

from __future__ import annotations

from reprollm.snapshot.front_matter import MAX_ENTRIES, MAX_ENTRY, Claims
from reprollm.snapshot.gguf import GgufHeader

_HUB = "https://huggingface.co/"


def gguf_claims(header: GgufHeader) -> Claims | None:
    """Return the claims in a header's metadata, None where it makes none of them."""
    count = min(header.integer("general.base_model.count") or 0, MAX_ENTRIES)
    bases = (header.text(f"general.base_model.{number}.repo_url") for number in range(count))
    claims = Claims(
        license=_short(header.text("general.license")),
        license_name=_short(header.text("general.license.name")),
        license_link=_short(header.text("general.license.link")),
        base_model=tuple(_short(base.removeprefix(_HUB)) or "" for base in bases if base),
        datasets=_texts(header, "general.datasets"),
        language=_texts(header, "general.languages"),
    )
    return None if claims == Claims() else claims


def _texts(header: GgufHeader, key: str) -> tuple[str, ...]:
    value = header.metadata.get(key)
    entries = () if value is None else value.texts()
    found = []
    for number, entry in enumerate(entries):
        if number == MAX_ENTRIES:
            break
        found.append(entry.decode("utf-8", "replace")[:MAX_ENTRY])
    return tuple(found)


def _short(text: str | None) -> str | None:
    return text[:MAX_ENTRY] if text else None
