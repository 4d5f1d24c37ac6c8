"""Score records of releases 0.1 to 0.3: how they were made, kept so that they can be judged.

New scoring writes `estimate` records (`reprollm.scores`); nothing here writes any more.

| module | what it holds |
| --- | --- |
| `measures` | one answer against its reference, as an exact fraction |
| `aggregate` | the rows of the summary table |
| `summary` | from answers to rows and digests |
| `fields` | what a score record says of a row |
| `judge` | recorded scores held against what the answers give |
"""
