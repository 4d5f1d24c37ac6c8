"""Which texts an examination measures, in the order of their index.

First the suspect items, then the reference set, then the sealed twins, the shards of the sealed
order, and the canaries, each set only where a declared check needs it. What a text is called (set,
subject, variant) follows from public files alone; the words of what is sealed stand in the seal's
private part, which only measuring reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reprollm.canon import Json
from reprollm.contamination.examined import Examined, item_text
from reprollm.contamination.sealed_sets import sealed_checks, sealed_sets
from reprollm.errors import DataInvalid
from reprollm.experiment.config import DataSettings
from reprollm.experiment.data import DataFile, Row, read_data
from reprollm.experiment.load import Experiment
from reprollm.prompts.template import PromptTemplate, read_template


@dataclass(frozen=True)
class CheckedData:
    """The items and the reference set as they are examined.

    Attributes:
        data: the experiment's items.
        reference: the reference set of the screening, or None.
        template_sha256: of the text's template; None for the default.
        texts: the texts, in index order.
        sealed: what the sealed tests are given (`sealed_checks`).
    """

    data: DataFile
    reference: DataFile | None
    template_sha256: str | None
    texts: tuple[Examined, ...]
    sealed: Json


def examined_texts(experiment: Experiment, *, with_secrets: bool = False) -> CheckedData:
    """Return what an experiment's checks measure.

    Args:
        experiment: it declares checks.
        with_secrets: read the seal's private part, for the words of what is sealed.

    Raises:
        DataInvalid: the items or the reference set are malformed, or have a text in common.
        TemplateInvalid: the text's template fails.
        InvalidInput: the seal or its private part is malformed or of other data.
    """
    checks, columns = experiment.config.contamination, experiment.config.data
    assert checks is not None, "the experiment declares checks"
    date = checks.screening.date if checks.screening else None
    data = _read(experiment.data, columns, date)
    template = None
    if experiment.checks.text is not None:
        template = read_template(experiment.checks.text, data.columns)
    reference = None
    texts: list[Examined] = []
    if checks.screening is not None or checks.extraction is not None:
        texts += _rows("suspect", data.rows, columns, template)
    if experiment.checks.reference is not None:
        reference = _read(experiment.checks.reference, columns, date)
        others = _rows("reference", reference.rows, columns, template)
        _refuse_common(texts, others, experiment.checks.reference)
        texts += others
    texts += sealed_sets(experiment, data, template, with_secrets=with_secrets)
    sealed = sealed_checks(experiment, data)
    return CheckedData(data, reference, template.sha256 if template else None, tuple(texts), sealed)


def _rows(
    name: str, rows: Sequence[Row], columns: DataSettings, template: PromptTemplate | None
) -> list[Examined]:
    return [
        Examined(name, row.id, 0, (item_text(row.id, row.cells, columns, template),))
        for row in rows
    ]


def _read(file: Path, columns: DataSettings, date: str | None) -> DataFile:
    needed = (*columns.named_columns(), *([date] if date else ()))
    return read_data(
        file, columns.id, needed, columns.encoding, columns.delimiter, columns.importer()
    )


def _refuse_common(suspects: Sequence[Examined], others: Sequence[Examined], file: Path) -> None:
    known = {text.text: text.subject for text in suspects}
    for other in others:
        if other.text in known:
            raise DataInvalid(
                f"expected a reference set without the items under suspicion, found the text of "
                f"item {known[other.text]!r:.80} again as {other.subject!r:.80} in {file}; "
                "a text on both sides tells nothing, remove it there"
            )
