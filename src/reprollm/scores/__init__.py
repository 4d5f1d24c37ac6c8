"""Scores of answers against their references, per item, per stratum and over all.

| module | what it holds |
| --- | --- |
| `measures` | one answer against its reference, as an exact fraction |
| `exact`, `aggregate` | sums without rounding error; the rows of the summary table |
| `answers` | the answers that scores speak of, streamed from the log |
| `summary` | from answers to rows and digests: the code that scores and that checks scores |
| `table` | item scores as Parquet |
| `stage` | scores recorded in the ledger |
| `recompute` | recorded scores held against what the answers give |
"""
