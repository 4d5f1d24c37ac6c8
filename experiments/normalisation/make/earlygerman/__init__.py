"""Seeded generator of modern German sentences and their Early New High German spelling.

The modules form one line: `nouns`, `verbs` and `words` hold the lexicon, `inflection` and
`phrases` build phrases from it and `grammar` sentences; `word_rules`, `vowel_rules` and
`consonant_rules` respell single words and `spelling` sentences; `items` draws the test items and
`training_text` the text that the model learns from.
Everything is pure Python over values; only the commands one folder up read or write files.
"""
