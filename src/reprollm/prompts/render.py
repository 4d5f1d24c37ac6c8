"""Every item of an experiment as a prompt: its text, its token ids, checked for size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from reprollm.errors import PromptTooLong, SnapshotRefused, TemplateInvalid
from reprollm.experiment.config import DataSettings, FewShotSettings
from reprollm.experiment.data import Row
from reprollm.prompts.chat import ChatTemplate
from reprollm.prompts.fewshot import choose
from reprollm.prompts.requests import Prompt
from reprollm.prompts.template import PromptTemplate
from reprollm.prompts.tokenize import PromptTokenizer
from reprollm.snapshot.facts import Facts

_AT_ONCE = 256


@dataclass(frozen=True)
class Renderer:
    """What prompts are made with, the same for every item.

    Attributes:
        columns: what the data file's columns mean.
        template: the prompt's template.
        chat: the model's chat template, or None for a plain prompt.
        tokenizer: the snapshot's.
        few_shot, candidates: how many examples are chosen from which rows; None and none without.
        variant: the prompt's name, where the experiment has several.
    """

    columns: DataSettings
    template: PromptTemplate
    chat: ChatTemplate | None
    tokenizer: PromptTokenizer
    few_shot: FewShotSettings | None = None
    candidates: Sequence[Row] = ()
    variant: str | None = None

    def prompts(self, rows: Iterable[Row], advance: Callable[[int], object]) -> Iterator[Prompt]:
        """Yield the prompt of each row, in order; each depends on its own row alone.

        Args:
            rows: the items.
            advance: called with the number of items done since the last call.

        Raises:
            TemplateInvalid: a template fails, or a prompt is empty.
            DataInvalid: there are too few examples.
        """
        todo = iter(rows)
        while part := list(islice(todo, _AT_ONCE)):
            examples = [self.examples(row) for row in part]
            texts = [self._text(row, chosen) for row, chosen in zip(part, examples, strict=True)]
            for row, chosen, text, ids in zip(
                part, examples, texts, self._encode(texts), strict=True
            ):
                yield self._prompt(row, chosen, text, ids)
            advance(len(part))

    def examples(self, row: Row) -> list[Row]:
        """Return the examples that an item's prompt shows, in their order."""
        if self.few_shot is None:
            return []
        return choose(row.id, self.candidates, self.few_shot.count, self.few_shot.seed)

    def _text(self, row: Row, examples: Sequence[Row]) -> str:
        text = self.template.render(row.id, row.cells, [example.cells for example in examples])
        return text if self.chat is None else self.chat.render(row.id, text)

    def _encode(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        if self.chat is None:
            return self.tokenizer.encode_plain(texts)
        return self.tokenizer.encode_chat(texts)

    def _prompt(self, row: Row, examples: Sequence[Row], text: str, ids: tuple[int, ...]) -> Prompt:
        if not ids:
            raise TemplateInvalid(
                f"expected a prompt of at least one token for item {row.id!r:.80}, found none"
            )
        columns = self.columns
        return Prompt(
            item=row.id,
            stratum=row.cells[columns.stratum] if columns.stratum else None,
            text=text,
            ids=ids,
            source=row.cells[columns.source],
            reference=row.cells[columns.reference] if columns.reference else None,
            few_shot=tuple(example.id for example in examples),
            variant=self.variant,
        )


def check_fits(prompts: Iterable[Prompt], answer: int, facts: Facts) -> None:
    """Check each prompt against what the model can take.

    Args:
        prompts: the prompts.
        answer: the largest `max_tokens` of the experiment.
        facts: the model's; it may name no context length or vocabulary size.

    Raises:
        PromptTooLong: a prompt and an answer of `answer` tokens are longer than the context.
        SnapshotRefused: the tokenizer gives a token that the model does not have.
    """
    context, vocabulary = facts.context_length, facts.vocab_size
    for prompt in prompts:
        if context is not None and len(prompt.ids) + answer > context:
            raise PromptTooLong(
                f"expected prompt and answer of item {prompt.item!r:.80} within the model's "
                f"{context} tokens, found {len(prompt.ids)} tokens of prompt and max_tokens "
                f"{answer}; shorten the item or the template, or lower max_tokens"
            )
        if vocabulary is not None and max(prompt.ids) >= vocabulary:
            raise SnapshotRefused(
                f"expected token ids below the model's {vocabulary} for item {prompt.item!r:.80}, "
                f"found {max(prompt.ids)}; model and tokenizer do not belong together"
            )
