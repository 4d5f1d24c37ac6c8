"""`data.form` of `experiment.yaml`: in which form the data file lies; CSV with a header without."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from reprollm.experiment.fields import Column, Line
from reprollm.experiment.importers import Importer


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TableForm(_Form):
    """CSV or TSV: without `header` the columns are named here, or `column_1` and so on."""

    kind: Literal["table"]
    header: bool = True
    columns: tuple[Column, ...] = ()
    quoted: bool = True

    @model_validator(mode="after")
    def _one_source_of_names(self) -> TableForm:
        if self.header and self.columns:
            raise ValueError(
                "expected columns only with `header: false`, found both; the header names them"
            )
        return self

    def importer(self, encoding: str, delimiter: str) -> Importer:
        """Return what reads this form."""
        from reprollm.experiment.importers.delimited import Delimited

        return Delimited(encoding, delimiter, self.header, self.columns, self.quoted)


class JsonLinesForm(_Form):
    """JSON Lines: `fields` gives for each column a path such as `output.choices[0].text`."""

    kind: Literal["jsonl"]
    fields: dict[Column, Line] = Field(default_factory=dict)

    def importer(self, encoding: str, delimiter: str) -> Importer:
        """Return what reads this form."""
        from reprollm.experiment.importers.jsonl import JsonLines

        return JsonLines(encoding, self.fields)


class ParquetForm(_Form):
    """Parquet: `columns` are those that are read; all without any."""

    kind: Literal["parquet"]
    columns: tuple[Column, ...] = ()

    def importer(self, encoding: str, delimiter: str) -> Importer:
        """Return what reads this form."""
        from reprollm.experiment.importers.parquet import Parquet

        return Parquet(self.columns)


class TokensForm(_Form):
    """CoNLL or HIPE TSV: a row is a document or a sentence, labels are JSON arrays."""

    kind: Literal["tokens"]
    unit: Literal["document", "sentence"] = "document"
    columns: tuple[Column, ...] = ()
    token: Column = "TOKEN"
    flags: Column | None = "MISC"

    def importer(self, encoding: str, delimiter: str) -> Importer:
        """Return what reads this form."""
        from reprollm.experiment.importers.conll import TokenTable

        return TokenTable(encoding, self.unit, self.columns, self.token, self.flags)


class TeiForm(_Form):
    """TEI or other XML: XPath of the unit, and of each field as seen from the unit."""

    kind: Literal["tei"]
    unit: Line
    fields: Annotated[dict[Column, Line], Field(min_length=1)]
    namespaces: dict[Line, Line] = Field(default_factory=dict)
    join: str = " "
    keep_space: bool = False

    def importer(self, encoding: str, delimiter: str) -> Importer:
        """Return what reads this form."""
        from reprollm.experiment.importers.tei import Tei

        return Tei(self.unit, self.fields, self.namespaces, self.join, self.keep_space)


class PageForm(_Form):
    """PAGE-XML: a row is a text line or a region."""

    kind: Literal["page"]
    unit: Literal["line", "region"] = "line"

    def importer(self, encoding: str, delimiter: str) -> Importer:
        """Return what reads this form."""
        from reprollm.experiment.importers.page_xml import PageXml

        return PageXml(self.unit)


class AltoForm(_Form):
    """ALTO: a row is a text line or a block."""

    kind: Literal["alto"]
    unit: Literal["line", "block"] = "line"

    def importer(self, encoding: str, delimiter: str) -> Importer:
        """Return what reads this form."""
        from reprollm.experiment.importers.alto import Alto

        return Alto(self.unit)


class TextForm(_Form):
    """Plain text: the file is one item, with the columns `file` and `text`."""

    kind: Literal["text"]

    def importer(self, encoding: str, delimiter: str) -> Importer:
        """Return what reads this form."""
        from reprollm.experiment.importers.plain_text import PlainText

        return PlainText(encoding)


Form: TypeAlias = Annotated[
    TableForm | JsonLinesForm | ParquetForm | TokensForm | TeiForm | PageForm | AltoForm | TextForm,
    Field(discriminator="kind"),
]
