"""What a bundle is made of, for those who write one and those who read one.

| module | what it holds |
| --- | --- |
| `members` | what a member is, measured before it is written |
| `statement` | SHA256SUMS, and the note over it that is signed |
| `zip_fields`, `placement`, `directory` | a zip read strictly, so that it has one reading |
"""
