"""A test set and its control against one corpus, by one preset: what every item and the set get.

Items and control are looked for by the same index in the same pass, so that both meet the same
files, the same normalisation and the same faults. What depends on the items (N of GPT-3) is fitted
to the test set alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reprollm.corpus.control import Excess, Tally, excess, tally
from reprollm.corpus.folding import robust
from reprollm.corpus.match import Item
from reprollm.corpus.plain import letters, words
from reprollm.corpus.presets.judged import Judged
from reprollm.corpus.presets.preset import Kind, Preset
from reprollm.corpus.result import ScanResult, matches_of
from reprollm.corpus.tokens import Tokenization
from reprollm.errors import InvalidInput

_CONTROL = "\0control\0"

Scan = Callable[[Sequence[Item], int], ScanResult]
"""Looks for runs of so many tokens of these items in a corpus."""


@dataclass(frozen=True)
class Checked:
    """What a preset says.

    Attributes:
        preset: fitted to the test items.
        result: what the scan found of the test items.
        tests: one answer for each test item, in their order.
        control: likewise for the control, None without one.
    """

    preset: Preset
    result: ScanResult
    tests: tuple[Judged, ...]
    control: tuple[Judged, ...] | None

    @property
    def tally(self) -> Tally:
        """How many test items got which answer."""
        return tally(self.tests)

    @property
    def control_tally(self) -> Tally | None:
        """How many control items got which answer."""
        return None if self.control is None else tally(self.control)

    @property
    def excess(self) -> Excess | None:
        """The test set's share over the control's; None without a control to compare with."""
        return None if self.control is None else excess(self.tally, tally(self.control))


def check(
    items: Sequence[Item],
    control: Sequence[Item] | None,
    preset: Preset,
    tokenization: Tokenization,
    scan: Scan,
) -> Checked:
    """Fit the preset, scan for test items and control at once, and judge both.

    Args:
        items: the test set.
        control: items of the same kind that cannot have leaked, or None.
        preset: the definition.
        tokenization: what the scan counts in, for the preset's fit.
        scan: the scan of the corpus.
    """
    fitted = preset.fitted([len(tokenization.words(item.text)) for item in items])
    beside = [Item(_CONTROL + item.id, item.text) for item in control or ()]
    result = scan([*items, *beside], fitted.n)
    answers = judged(fitted, result)
    count = len(items)
    names = {item.id for item in items}
    own = replace(
        result,
        items=result.items[:count],
        matches=tuple(match for match in result.matches if match.item in names),
    )
    others = tuple(
        replace(answer, item=answer.item.removeprefix(_CONTROL)) for answer in answers[count:]
    )
    return Checked(fitted, own, answers[:count], None if control is None else others)


def judged(preset: Preset, result: ScanResult) -> tuple[Judged, ...]:
    """Return the preset's answer for each scanned item, in their order."""
    matches = matches_of(result.matches)
    return tuple(preset.judge(item, matches.get(item.id, [])) for item in result.items)


def tokenization_of(kind: Kind) -> Tokenization:
    """Return the tokenization that a preset counts in.

    Raises:
        InvalidInput: it is a language model's, which only its file can give.
    """
    if kind == "tokenizer":
        raise InvalidInput(
            "expected a tokenizer for this preset, found none; name its tokenizer.json with "
            "--tokenizer"
        )
    return {"robust": robust, "words": words, "letters": letters}[kind]()
