"""Publishing: from a ledger that holds to one file that a stranger can check.

| module | what it holds |
| --- | --- |
| `order`, `bundle` | what is asked; the one call that makes a bundle |
| `members`, `archive` | what a member is; the zip, the same bytes for the same members |
| `ledger_files`, `experiment_files`, `shipped` | which files go in, from where |
| `account` | what the ledger says, in the few values that descriptions need |
| `tables`, `columns` | Parquet exports, and what their columns mean |
| `crate`, `provenance`, `codecheck`, `citation`, `licences` | descriptions for machines |
| `readme` | the page for the reviewer |
| `description` | all descriptions, put together |
| `statement` | SHA256SUMS, and the note over it that is signed |
| `withhold`, `redaction`, `reduced` | what is withheld, said of it, left of the ledger |
| `survey`, `reading`, `clear`, `same_record`, `made_from`, `tells` | what still shows it |
| `leaks`, `withheld_texts`, `shingles`, `runs`, `spellings` | finding a text again in any file |
| `disclosure` | opening single withheld values later |
"""
