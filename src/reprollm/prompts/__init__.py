"""From items to requests: templates, chat templates, few-shot examples, token ids, and the plan.

Rendering is a pure function of the experiment's files and the snapshot's tokenizer: the same on
every machine, for every order, subset and sharding of the items. `plan` is where the requests
become a file and a shard of the ledger.
"""
