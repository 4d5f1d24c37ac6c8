"""Trains and measures the small language model of this experiment.

`byte_tokenizer` makes the tokenizer, `prompts` renders the experiment's template, `batches` turns
pairs into rows of token ids, `training` fits a model to them, and `answers` generates and scores.
"""
