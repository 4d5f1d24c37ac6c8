"""What a ledger still tells of withheld texts, said honestly.

A commitment hides its value; the record around it does not hide that an answer was cut off, how
often two answers were the same, or what an unsalted id lets a guesser confirm. None of this can be
taken out without changing the log, so it is counted and said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reprollm.records.commitment import Opening
from reprollm.withholding.withhold import SECRET, Withholding

SHORT_TOKENS = 8
_PERFECT = {"exact_match": "1.000000", "character_error_rate": "0.000000"}


@dataclass
class Tells:
    """Running counts over a ledger's records."""

    requests: int = 0
    generations: int = 0
    cut_off: int = 0
    short: int = 0
    single_scores: int = 0
    perfect_scores: int = 0
    scores: int = 0
    imported: int = 0

    def take(self, record: Mapping[str, Any], openings: Mapping[str, Opening]) -> None:
        """Take up one record with its openings."""
        kind = record["kind"]
        if kind == "request":
            self.requests += 1
        elif kind == "generation":
            self.generations += 1
            self.cut_off += record["finish"] == "length"
            ids = openings.get("output_ids")
            self.short += ids is not None and len(ids.value) <= 4 * SHORT_TOKENS
        elif kind == "imported":
            self.imported += 1
        elif kind in ("score", "estimate"):
            self.scores += 1
            self.single_scores += record["n"] == 1
            self.perfect_scores += record["value"] == _PERFECT.get(record["score"])

    def notices(self, withholding: Withholding, too_short: int) -> Iterator[str]:
        """Yield what the records tell, one sentence each, for the bundle's reader."""
        if withholding.hides("prompt_ids") and self.requests:
            yield (
                f"The {self.requests} request ids are hashes without salt: whoever guesses a "
                "prompt exactly can confirm it, and requests with the same prompt and settings "
                "have the same id."
            )
            yield (
                "Requests are answered in the order of their prompts' lengths, in batches of "
                "similar length: the order of the records tells which prompts are longer."
            )
        if withholding.hides("output_ids") and self.generations:
            yield (
                f"The {self.generations} result ids are hashes without salt over request, token "
                "ids and the way the answer ended: whoever guesses an answer exactly can confirm "
                f"it. {self.short} answers have at most {SHORT_TOKENS} tokens."
            )
            yield (
                f"{self.cut_off} of {self.generations} answers ended because they reached the "
                "longest length allowed, which the plan states: their number of tokens is known."
            )
            yield "The times at which batches were finished tell roughly how long answers are."
        if withholding.hides_item_scores and self.scores:
            yield (
                f"{self.scores} score records stay: {self.single_scores} are about a single "
                "answer, and such an error rate is a fraction whose denominator tells of the "
                f"reference's length; {self.perfect_scores} say that every answer is its "
                "reference. Their tables are named by a hash without salt, so that whoever knows "
                "or guesses all parts of a small table can confirm them."
            )
        if withholding.hides_requests and self.requests:
            yield (
                "The plan names the experiment's files by hashes without salt: whoever has a whole "
                "file, or all of it but a little, can confirm it."
            )
        if too_short:
            yield (
                f"{too_short} withheld texts or arrays are too short to be looked for in the rest "
                "of the bundle; a word of everyday language is no leak."
            )

    def warnings(self, withholding: Withholding) -> Iterator[str]:
        """Yield what the publisher should know before handing the bundle on."""
        if withholding.salts.get("output_ids") == SECRET and self.short:
            yield (
                f"{self.short} withheld answers have at most {SHORT_TOKENS} tokens: the salts are "
                "secret, but such an answer can be guessed and confirmed through its result id"
            )
        public = sorted(name for name, salt in withholding.salts.items() if salt != SECRET)
        if public:
            yield (
                f"the salts of {', '.join(public)} stay public: whoever can list the possible "
                "texts of an item can find the right one; use salt-secret where that matters"
            )
