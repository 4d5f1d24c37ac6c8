"""Publishing: from a ledger that holds to one file that a stranger can check.

| module | what it holds |
| --- | --- |
| `order`, `bundle` | what is asked; the one call that makes a bundle |
| `archive` | the zip, the same bytes for the same members |
| `ledger_files`, `experiment_files`, `shipped` | which files go in, from where |
| `account` | what the ledger says, in the few values that descriptions need |
| `tables`, `columns` | Parquet exports, and what their columns mean |
| `crate`, `provenance`, `codecheck`, `citation`, `licences` | descriptions for machines |
| `readme` | the page for the reviewer |
| `description` | all descriptions, put together |
"""
