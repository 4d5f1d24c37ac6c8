"""Scores of answers against their references: of each answer, of groups of them, and over all.

The definitions are docs/scores.md.

| module | what it holds |
| --- | --- |
| `parsers`, `measures` | from an output to an answer; from an answer to integer counts |
| `answers`, `items` | the answers that scores speak of, streamed; documents and splits |
| `settings` | what the plan says of answers and intervals |
| `passes` | repetitions that say nothing new |
| `judged` | one answer, parsed and measured |
| `tally`, `groups`, `intervals`, `warnings` | from counts to rows with intervals and warnings |
| `row` | one estimate |
| `summary` | from answers to rows and digests: the code that scores and that checks scores |
| `table` | item scores as Parquet |
| `stage` | estimates recorded in the ledger |
| `read` | recorded estimates as values |
| `judge`, `verdict`, `recompute` | recorded scores held against what the answers give |
| `earlier` | score records of releases 0.1 to 0.3 |
"""
