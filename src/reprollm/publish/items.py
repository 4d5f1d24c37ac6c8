"""The table of a bundle that says what an experiment tells of its items besides their texts."""

from __future__ import annotations

from reprollm.publish.form import Table, columns

ITEMS = Table(
    "items",
    "one item of a plan, where the experiment names documents, splits or annotators",
    columns(
        """
    plan | string | plan id (SHA-256, hex)
    item | string | the item's id in the data file
    document | string | the document that the item is part of
    split | string | the part of the data that the item belongs to
    annotations | string | label by annotator, as JSON; null where there are none or are withheld
    position | int64 | place of the record in the log
"""
    ),
    """
    SELECT i.plan, i.item, i.document, i.split, o."text", i."position"
    FROM items i LEFT JOIN opening o ON o."position" = i."position" AND o.field = 'annotations'
    ORDER BY i."position"
    """,
)
