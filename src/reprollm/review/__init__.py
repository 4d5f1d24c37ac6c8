"""Reviewing: a bundle or ledger checked level by level, trusting nothing in it.

| module | what it holds |
| --- | --- |
| `verification` | the whole of it (`reprollm verify`) |
| `levels` | what a verification says |
| `facts` | what the bundle is, in the few values that the page names |
| `files`, `experiment`, `binding` | level 0: files, their list, what binds them to the log |
| `log`, `numbers` | levels 1 and 2: the log and its completeness; level 3: the scores |
| `demands` | what the reader demands besides: keys, kept checkpoints, disclosed texts |
| `unpacked`, `sums`, `released` | reading archive or folder, and what they may carry |
| `verify.py`, `verify.sql` | the verifiers that a bundle carries |
"""
