"""A scan as it is declared: corpus, test items, control and preset in, answers out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from reprollm.canon import Json
from reprollm.corpus.check import Checked, check, tokenization_of
from reprollm.corpus.folding import Folding, robust
from reprollm.corpus.match import Item
from reprollm.corpus.options import ScanOptions
from reprollm.corpus.presets import PRESETS, Preset
from reprollm.corpus.presets.llama2 import Llama2
from reprollm.corpus.presets.tokenizer import pinned_tokenizer
from reprollm.corpus.result import ScanResult
from reprollm.corpus.scan import scan
from reprollm.corpus.tokens import Tokenization
from reprollm.errors import InvalidInput

FOLDINGS = tuple(option.name for option in fields(Folding))
"""The options of the tokenization `robust`."""


@dataclass(frozen=True)
class ScanJob:
    """What a scan is of.

    Attributes:
        corpus: files, folders and patterns.
        items: the test items.
        control: items of the same kind that cannot have leaked, or None.
        preset: the definition of contamination.
        reading: how documents are read, and what counts as a token; its `n` and `skips` are the
            preset's.
        tests: the file from which the items come, to notice it within the corpus.
    """

    corpus: tuple[Path, ...]
    items: tuple[Item, ...]
    control: tuple[Item, ...] | None
    preset: Preset
    reading: ScanOptions
    tests: Path | None = None


def run_job(
    job: ScanJob,
    *,
    state: Path | None = None,
    jobs: int = 1,
    progress: Callable[[int], object] | None = None,
) -> Checked:
    """Scan, and apply the preset.

    Args:
        job: what to do.
        state: a folder for what is finished, so that a killed scan goes on.
        jobs: processes.
        progress: told how many bytes have been read since it was last told.

    Raises:
        InvalidInput, StorageFailed: as `reprollm.corpus.scan.scan` does.
    """

    def scanned(items: Sequence[Item], n: int) -> ScanResult:
        skips = job.preset.skips if isinstance(job.preset, Llama2) else 0
        options = replace(job.reading, n=n, skips=skips)
        return scan(
            job.corpus,
            items,
            options,
            state=state,
            jobs=jobs,
            tests=job.tests,
            progress=progress,
        )

    return check(job.items, job.control, job.preset, job.reading.tokenization, scanned)


def preset_of(name: str, n: int | None = None) -> Preset:
    """Return a preset by its name, with another n where one is given.

    Raises:
        InvalidInput: there is no such preset.
    """
    preset = PRESETS.get(name)
    if preset is None:
        raise InvalidInput(f"expected a preset of {', '.join(PRESETS)}, found {name!r:.60}")
    return preset if n is None else preset.with_n(n)


def tokenization_for(
    preset: Preset,
    folding: Sequence[str] = (),
    tokenizer: Path | None = None,
    sha256: str | None = None,
) -> Tokenization:
    """Return what a preset counts in.

    Args:
        preset: the definition.
        folding: names of `FOLDINGS` that are switched on, for presets that count in `robust`.
        tokenizer: a `tokenizer.json`, for presets that count in a model's tokens.
        sha256: what that file must have; recorded either way.

    Raises:
        InvalidInput: an option or a tokenizer is given that the preset has no use for, or unknown.
    """
    _demand_options(preset, folding)
    if tokenizer is not None and preset.kind == "tokenizer":
        return pinned_tokenizer(tokenizer, sha256)
    if tokenizer is not None:
        raise InvalidInput(
            f"expected no tokenizer with the preset {preset.name}, found {tokenizer}; it counts in "
            f"{preset.kind}"
        )
    if preset.kind == "robust":
        return robust(Folding(**dict.fromkeys(folding, True)))
    return tokenization_of(preset.kind)


def definition_of(
    name: str, n: int | None, folding: Sequence[str], tokenizer: str | None = None
) -> dict[str, Json]:
    """Return what a declared scan's preset decides by, so that it is fixed with the plan.

    Args:
        name: the preset's name.
        n: another n than the preset's, or None.
        folding: options that are switched on.
        tokenizer: the SHA-256 of the `tokenizer.json` that the scan names, or None.

    Raises:
        InvalidInput: preset or options are unknown or do not fit, or a tokenizer is named that the
            preset has no use for, or none where it counts in one's tokens.
    """
    preset = preset_of(name, n)
    _demand_options(preset, folding)
    counts = preset.kind == "tokenizer"
    if counts != (tokenizer is not None):
        raise InvalidInput(
            f"expected {'the file of a' if counts else 'no'} tokenizer with the preset {name}, "
            f"which counts in {'its tokens' if counts else preset.kind}, found "
            f"{'none; name a tokenizer.json' if counts else 'one; leave it out'}"
        )
    return {"version": preset.version, "tokens": preset.kind, **preset.parameters()}


def _demand_options(preset: Preset, folding: Sequence[str]) -> None:
    """Raise `InvalidInput` for an option that is unknown, or of no use to the preset."""
    unknown = sorted(set(folding) - set(FOLDINGS))
    if unknown:
        raise InvalidInput(
            f"expected options of {', '.join(FOLDINGS)}, found {', '.join(unknown):.120}"
        )
    if folding and preset.kind != "robust":
        raise InvalidInput(
            f"expected no options with the preset {preset.name}, found {', '.join(folding)}; they "
            "belong to presets that count in robust words, such as robust"
        )
