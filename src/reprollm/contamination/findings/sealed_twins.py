"""The finding `sealed_twins`: whether the published variants are foreseen better than the sealed.

One of several equally valid variants of each item was drawn and published when the data set was
sealed. To a model that has not seen the published file the draw is unknown, so the rank of the
published variant among an item's variants is uniform, whatever the variants are: the p-value is
exact for any model and any number of items (`reprollm.contamination.ranked`). `ranks` in the detail
are in the order of the examination's `checks.sealed.twins`, 0 where the published variant scores
highest, null where an item cannot be scored.
"""

from __future__ import annotations

from reprollm.contamination.material import Found, Material
from reprollm.contamination.ranked import Drawn, Test, ranked

METHOD, VERSION = "sealed_twins", "1"


def findings(material: Material) -> list[Found]:
    """Return the finding of the data set; empty where no twins are examined."""
    twins = (material.checks.get("sealed") or {}).get("twins")
    if not twins:
        return []
    groups = [Drawn(str(item), int(published), int(count)) for item, published, count in twins]
    return ranked(material, Test(METHOD, VERSION, "twin"), groups)
