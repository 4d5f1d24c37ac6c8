"""Sections of `experiment.yaml` that say what is made of the answers, fixed before the first one.

How an output becomes an answer (`answer`), how intervals are made (`intervals`), which cells are
compared (`comparisons`), what is claimed (`claims`), and what the run is said to keep when it is
repeated (`determinism`). All of it enters the log with the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from reprollm.experiment.answer_schema import checked_schema, schema_text
from reprollm.experiment.fields import Line, Name, Positive, Scale, Seed
from reprollm.experiment.normalisation import normalised
from reprollm.experiment.patterns import compiled

ScoreName = Literal[
    "exact_match",
    "character_error_rate",
    "word_error_rate",
    "source_character_error_rate",
    "character_error_reduction",
    "chrf",
    "bleu",
    "rouge_l",
    "accuracy",
    "precision",
    "recall",
    "f1",
    "cohens_kappa",
    "entity_precision_strict",
    "entity_recall_strict",
    "entity_f1_strict",
    "entity_precision_fuzzy",
    "entity_recall_fuzzy",
    "entity_f1_fuzzy",
]
Normalisation = Literal["nfc", "nfkc", "casefold", "whitespace", "punctuation"]


def _pattern(value: str) -> str:
    compiled(value)
    return value


def _level(value: str) -> str:
    if not Decimal("0.5") <= Decimal(value) < 1:
        raise ValueError(f"expected a level from 0.5 to below 1, found {value}")
    return value


def _distance(value: str) -> str:
    if Decimal(value) < 0:
        raise ValueError(f"expected a distance of at least 0, found {value}")
    return value


Pattern = Annotated[Line, AfterValidator(_pattern)]
Schema = Annotated[
    dict[str, Any], AfterValidator(checked_schema), PlainSerializer(schema_text, return_type=str)
]
Level = Annotated[Scale, AfterValidator(_level)]
Distance = Annotated[Scale, AfterValidator(_distance)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class AnswerSettings(_Section):
    """How an output becomes an answer; without this section the output itself is the answer.

    `text` takes the whole output, `regex` the group `answer` (or the first group, or the match) of
    the first match of `pattern`, `json` the `field` (such as `result.label`) of the first JSON
    object in the output, checked against `schema`, `labels` the one of `labels` that the output is,
    `tags` a tag a token, `mentions` lines of a mention, a tab and its type. What `regex` and `json`
    find is held against `labels` where there are any. `normalise` is applied in its order to the
    answer, the labels and the reference. An output in which one of `refusals` is found is a
    refusal.
    """

    parser: Literal["text", "regex", "json", "labels", "tags", "mentions"] = "text"
    pattern: Pattern | None = None
    field: Line | None = None
    schema_: Schema | None = Field(default=None, alias="schema")
    labels: tuple[Line, ...] = ()
    normalise: tuple[Normalisation, ...] = ()
    refusals: tuple[Pattern, ...] = ()

    @model_validator(mode="after")
    def _has_what_its_parser_needs(self) -> AnswerSettings:
        for name, parser, value in (
            ("pattern", "regex", self.pattern),
            ("field", "json", self.field),
        ):
            if (value is not None) != (self.parser == parser):
                raise ValueError(
                    f"expected {name} just with the parser {parser}, found "
                    f"{'one' if value is not None else 'none'} with {self.parser}"
                )
        if self.schema_ is not None and self.parser != "json":
            raise ValueError(f"expected schema just with the parser json, found {self.parser}")
        if self.labels and self.parser in ("tags", "mentions"):
            raise ValueError(f"expected no labels with the parser {self.parser}, found some")
        if self.parser == "labels" and not self.labels:
            raise ValueError("expected labels with the parser labels, found none")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("expected every label once, found one again")
        return self

    @model_validator(mode="after")
    def _labels_stay_apart(self) -> AnswerSettings:
        forms = [normalised(label, self.normalise).strip() for label in self.labels]
        if "" in forms or len(set(forms)) < len(forms):
            raise ValueError(
                f"expected labels that stay apart when normalised, found {forms!r:.200}; leave out "
                "a step of normalise"
            )
        return self


def check_scores(scores: Sequence[str], answer: AnswerSettings | None) -> None:
    """Raise `ValueError` for a score of mentions where answers are texts, or the other way."""
    check_parser(scores, "text" if answer is None else answer.parser)


def check_parser(scores: Sequence[str], parser: str) -> None:
    """Raise `ValueError` for a score of something else than what a parser finds."""
    mentions = parser in ("tags", "mentions")
    for score in scores:
        if score.startswith("entity_") and not mentions:
            raise ValueError(
                f"expected answer.parser tags or mentions for the score {score}, found {parser}"
            )
        if mentions and not score.startswith("entity_"):
            raise ValueError(
                f"expected entity scores alone with answer.parser {parser}, found {score}"
            )


class IntervalSettings(_Section):
    """How intervals are made: their level, the number of resamples, and the seed of the draws."""

    level: Level = "0.95"
    resamples: Annotated[int, Field(ge=99, le=99_999)] = 999
    seed: Seed = "1"


class ArmSettings(_Section):
    """A cell of the experiment: what is left out is whatever the experiment has just one of."""

    model: Name | None = None
    prompt: Name | None = None
    sampling: Name | None = None


class ComparisonSettings(_Section):
    """Two arms, compared by item on one score; `stratum` or `split` takes a part of the items.

    `aggregation` names what is compared, such as `corpus` or `micro`; without it, the first that
    the score has, which for scores with a value for each item is their mean.
    """

    name: Name
    score: ScoreName
    aggregation: Line | None = None
    of: ArmSettings
    against: ArmSettings
    stratum: Line | None = None
    split: Line | None = None

    @model_serializer(mode="wrap")
    def _as_before_there_were_aggregations(
        self, plain: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        """Return the settings without an aggregation that nobody named, so that plans keep ids."""
        found: dict[str, Any] = plain(self)
        if self.aggregation is None:
            del found["aggregation"]
        return found


class FamilySettings(_Section):
    """Comparisons that are corrected together (Holm), with the seed of the permutations."""

    comparisons: tuple[ComparisonSettings, ...] = Field(min_length=1)
    tests: Positive | None = None
    permutations: Annotated[int, Field(ge=99, le=99_999)] = 9_999
    seed: Seed = "1"


class ClaimSettings(_Section):
    """A sentence that the numbers must bear out.

    Either a value (`is` plus or minus `within`, or `at_least`, or `at_most`) of an aggregate, or
    that arm `of` does better than arm `beats` in the comparison `comparison` at the level .05.
    """

    name: Name
    says: Line
    score: ScoreName | None = None
    aggregation: Line | None = None
    label: Line | None = None
    of: ArmSettings = ArmSettings()
    stratum: Line | None = None
    split: Line | None = None
    is_: Scale | None = Field(default=None, alias="is")
    within: Distance | None = None
    at_least: Scale | None = None
    at_most: Scale | None = None
    comparison: Name | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> ClaimSettings:
        ways = [self.is_, self.at_least, self.at_most, self.comparison]
        if sum(way is not None for way in ways) != 1:
            raise ValueError(
                "expected one of is, at_least, at_most and comparison in a claim, found "
                f"{sum(way is not None for way in ways)}"
            )
        if (self.within is None) != (self.is_ is None):
            raise ValueError("expected within just with is; say how near the value must be")
        if (self.score is None) != (self.comparison is not None):
            raise ValueError(
                "expected a score, or the name of a comparison, in a claim, found "
                f"{'both' if self.score else 'neither'}"
            )
        return self


class DeterminismSettings(_Section):
    """What a repetition of the run is said to keep.

    `bitwise`: the log-probabilities' bits; `tokens`: the token ids; `score`: each score within
    `within`.
    """

    class_: Literal["bitwise", "tokens", "score"] = Field(alias="class")
    within: Distance | None = None

    @model_validator(mode="after")
    def _scores_have_a_distance(self) -> DeterminismSettings:
        if (self.within is None) != (self.class_ != "score"):
            raise ValueError("expected within just with the class score, found it otherwise")
        return self
