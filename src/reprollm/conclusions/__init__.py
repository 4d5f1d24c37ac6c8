"""What is concluded from the scores: comparisons of arms, agreement, determinism and claims.

The pure core takes values and gives the records' evidence; `stage` reads the log and publishes,
`recompute` does the same again for whoever verifies. `docs/conclusions.md` is the definition.
"""
