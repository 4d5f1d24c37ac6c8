"""Published results of others, recomputed from the texts that they were made of.

A table of outputs with their references becomes error rates by row, as exact fractions, and all
usual aggregates side by side; columns of rates that the table holds already are held against ours.
Nothing here runs a model, and nothing of it is evidence: the texts are taken as they are found.
"""
