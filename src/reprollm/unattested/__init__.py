"""Evidence that others recorded: logs of other harnesses as records marked *unattested*.

Their answers and claimed scores can then be published, queried, scored and compared like our own.
What such a log does not say is listed with it: nothing of it was seen when it was computed, and
nothing in it shows that it was not edited since.

| module | what it holds |
| --- | --- |
| `claimed` | the values that a log comes down to |
| `outside` | JSON and texts from outside, under limits |
| `archive` | the members of a zip from outside, under limits |
| `inspect_log` | inspect_ai's `.eval` files |
| `inspect_header`, `inspect_sample` | what their header claims, and one of their samples |
| `lm_eval_log` | lm-evaluation-harness's `samples_*.jsonl`, with its `results_*.json` |
| `lm_eval_documents`, `lm_eval_results` | the documents of the one, the claims of the other |
| `unsaid` | the sentences about what a log leaves out |
| `record` | values to records, published once |
"""
