"""The texts of a data set's seal that an examination measures: twins, orders, canaries.

What they are called follows from the public part of the seal alone, so that an examination has the
same id with and without the private part. The twins of an item and the canaries of a name are all
measured, the published one among them; a shard of the order is measured as published and under each
permutation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reprollm.canon import Json
from reprollm.contamination.examined import Examined, item_text
from reprollm.errors import InvalidInput
from reprollm.experiment.contamination import ContaminationSettings, OrderSettings
from reprollm.experiment.data import DataFile
from reprollm.experiment.load import Experiment
from reprollm.prompts.template import PromptTemplate
from reprollm.sealing.candidates import CANARY, TWIN, candidates, require_published
from reprollm.sealing.order import LINE_END, order_texts
from reprollm.sealing.seal import Group, Seal, load_seal
from reprollm.sealing.secrets import Secrets, load_secrets

ORDER = "order"


def sealed_sets(
    experiment: Experiment,
    data: DataFile,
    template: PromptTemplate | None,
    *,
    with_secrets: bool,
) -> list[Examined]:
    """Return the twins, the order's shards and the canaries, in index order.

    Raises:
        InvalidInput: the seal or its private part is malformed, is of other data, or does not hold
            what the primary test needs.
    """
    checks, seal = experiment.config.contamination, _seal(experiment, data)
    if seal is None or checks is None:
        return []
    _expect_primary(checks, seal)
    words: Mapping[tuple[str, str, int], str] = {}
    if with_secrets and experiment.checks.secrets is not None:
        secrets = load_secrets(experiment.checks.secrets, seal)
        _expect_open(seal, secrets)
        words = _words(experiment, seal, secrets, data, template)
    found: list[Examined] = []
    if experiment.checks.secrets is not None and seal.twins:
        found += _candidates(TWIN, seal.twins.items, words)
    if settings := order_settings(checks, seal):
        found += _order(experiment, data, template, settings)
    if experiment.checks.secrets is not None and seal.canaries:
        found += _candidates(CANARY, seal.canaries.sets, words)
    return found


def sealed_checks(experiment: Experiment, data: DataFile) -> Json:
    """Return what the sealed tests are given, as an examination's core holds it.

    `twins` is a list of `[item, published variant, variants]`, `canaries` of `[name, variants]`,
    `order` its parameters; null for what is not tested.
    """
    checks, seal = experiment.config.contamination, _seal(experiment, data)
    if seal is None or checks is None:
        return None
    opened = experiment.checks.secrets is not None
    order = order_settings(checks, seal)
    return {
        "twins": [[g.subject, g.published, len(g.variants)] for g in seal.twins.items]
        if opened and seal.twins
        else None,
        "order": {
            "permutations": order.permutations,
            "shards": order.shards,
            "seed": order.seed,
        }
        if order
        else None,
        "canaries": [[g.subject, len(g.variants)] for g in seal.canaries.sets]
        if opened and seal.canaries
        else None,
    }


def order_settings(checks: ContaminationSettings, seal: Seal) -> OrderSettings | None:
    """Return the parameters of the order's test, None where it is not run.

    It is run on a sealed order where it is declared, where it is the primary test, and with default
    parameters wherever the seal's secrets are named.
    """
    declared = checks.sealed.order if checks.sealed else None
    if seal.order is None or not (declared or checks.secrets or checks.primary == "sealed_order"):
        return None
    return declared or OrderSettings()


def _seal(experiment: Experiment, data: DataFile) -> Seal | None:
    if experiment.checks.seal is None:
        return None
    seal = load_seal(experiment.checks.seal)
    require_published(seal, data.sha256)
    return seal


def _expect_primary(checks: ContaminationSettings, seal: Seal) -> None:
    held = {"sealed_twins": seal.twins, "sealed_order": seal.order, "canaries": seal.canaries}
    if checks.primary != "none" and held[checks.primary] is None:
        raise InvalidInput(
            f"expected a seal with what the primary test {checks.primary} needs, found one "
            f"without in {seal.name!r:.80}; choose another primary test before anything is measured"
        )


def _expect_open(seal: Seal, secrets: Secrets) -> None:
    for kind in ("twins", "canaries"):
        if getattr(seal, kind) is not None and getattr(secrets, kind) is None:
            raise InvalidInput(
                f"expected secrets that open the {kind} of the seal {seal.name!r:.80}, found them "
                "closed; name the private file that `reprollm dataset seal` wrote"
            )


def _words(
    experiment: Experiment,
    seal: Seal,
    secrets: Secrets,
    data: DataFile,
    template: PromptTemplate | None,
) -> dict[tuple[str, str, int], str]:
    """Return the text of each candidate: a twin rendered as its item is, a canary as it is."""
    columns = experiment.config.data
    rows = {row.id: row for row in data.rows}
    found = {}
    for each in candidates(seal, secrets, {id: row.cells for id, row in rows.items()}):
        text = each.text
        if text is None:
            text = item_text(each.subject, each.cells, columns, template)
        found[each.set, each.subject, each.variant] = text
    return found


def _candidates(
    name: str, groups: tuple[Group, ...], words: Mapping[tuple[str, str, int], str]
) -> Iterator[Examined]:
    for group in groups:
        for variant, commitment in enumerate(group.variants):
            known = words.get((name, group.subject, variant))
            parts = () if known is None else (known,)
            sealed = None if variant == group.published else commitment
            yield Examined(name, group.subject, variant, parts, sealed)


def _order(
    experiment: Experiment,
    data: DataFile,
    template: PromptTemplate | None,
    settings: OrderSettings,
) -> Iterator[Examined]:
    columns = experiment.config.data
    texts = [item_text(row.id, row.cells, columns, template) for row in data.rows]
    for each in order_texts(texts, settings.shards, settings.permutations, settings.seed):
        *before, last = each.texts
        parts = (*(text + LINE_END for text in before), last)
        yield Examined(ORDER, str(each.shard), each.permutation, parts)
