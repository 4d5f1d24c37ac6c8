"""Rows of `reprollm model show` about quantization, adapters and merges."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reprollm.snapshot.lock import Lock
    from reprollm.snapshot.quantization import Quantization

Rows = list[tuple[str, str]]

_SHOWN = 6


def rows(lock: Lock) -> Rows:
    """Return what the lock says of how its weights are stored and where they come from."""
    return [*_quantized(lock), *_adapter(lock), *_merge(lock)]


def _quantized(lock: Lock) -> Rows:
    facts = lock.facts
    found = facts.quantization
    shown = [("quantization", "none declared" if found is None else _scheme(found))]
    if found is not None:
        shown += _details(found)
    if facts.effective_bits:
        count = facts.logical_parameters
        counted = f", scales included; {count:,} weights in all" if count else ""
        shown.append(("bits a weight", f"{facts.effective_bits}{counted}"))
    return shown + [(check.verdict, check.what) for check in facts.quantization_checks]


def _scheme(found: Quantization) -> str:
    parts = [f"{found.method}, {found.scheme or 'scheme not said'}, {found.bits or '?'} bits"]
    if found.group_size is not None:
        size = found.group_size
        parts.append("one scale a channel" if size == -1 else f"groups of {size}")
    if found.symmetric is not None:
        parts.append("symmetric" if found.symmetric else "not symmetric")
    return ", ".join(parts)


def _details(found: Quantization) -> Rows:
    how = {True: ", scales while running", False: ", fixed scales", None: ""}
    activations = f"{found.activations}{how[found.activation_dynamic]}"
    tool = " ".join(part for part in (found.tool, found.tool_version) if part)
    said = (
        ("declared in", found.source),
        ("activations", activations if found.activations else None),
        ("KV cache", found.kv_cache),
        ("not quantized", _few(found.excluded)),
        ("groups", _few([f"{each.targets[0]}: {each.scheme}" for each in found.groups])),
        ("quantized by", tool),
        ("calibration", found.calibration),
    )
    return [(name, value) for name, value in said if value]


def _adapter(lock: Lock) -> Rows:
    found = lock.facts.adapter
    if found is None:
        return []
    size = f", rank {found.rank}, alpha {found.alpha or 'not said'}" if found.rank else ""
    variants = f" ({', '.join(found.variants)})" if found.variants else ""
    revision = f" at {found.base_revision}" if found.base_revision else ""
    named = f"{found.base_model or 'not said'}{revision}"
    base = lock.base
    return [
        ("adapter", f"{found.type}{variants}{size}"),
        ("changes", _few(found.targets) or "not said"),
        ("replaces", _few(found.saved_modules) or "nothing"),
        ("base by name", f"{named}; a name is no identity"),
        ("base", f"{base.name}, snapshot {base.snapshot}" if base else "not pinned with it"),
    ]


def _merge(lock: Lock) -> Rows:
    found = lock.facts.merge
    if found is None:
        return []
    return [
        ("merged by", f"{found.method or 'a method not said'}, says {found.source}"),
        ("merged from", _few(found.models) or "not said"),
        ("merge base", found.base or "none"),
        ("configuration", f"SHA-256 {found.sha256}"),
    ]


def _few(names: tuple[str, ...] | list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
