"""Withholding: texts left out of what is published, and opened later, while the log stays as it is.

| module | what it holds |
| --- | --- |
| `withhold`, `redaction`, `reduced` | what is withheld, said of it, left of the ledger |
| `survey`, `reading`, `clear`, `same_record`, `made_from`, `tells` | what still shows it |
| `leaks`, `withheld_texts`, `shingles`, `runs`, `spellings` | finding a text again in any file |
| `disclosure` | opening single withheld values later |
"""
