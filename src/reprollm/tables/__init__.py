"""Tables for a paper, made of the estimates and comparisons that a ledger has on record.

Reading a ledger (`source`), laying out a table (`layout`), and writing it as LaTeX, Markdown, HTML
or CSV are separate; the same records give the same bytes.
"""
