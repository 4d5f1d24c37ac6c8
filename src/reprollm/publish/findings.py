"""The tables of a bundle that say what was found, and from what: findings and likelihoods."""

from __future__ import annotations

from reprollm.publish.form import Table, columns

FINDINGS = (
    Table(
        "findings",
        "one thing that the log shows and a reader should know",
        columns(
            """
    run | string | run id, or the id of the examination that found it (SHA-256, hex)
    plan | string | plan id (SHA-256, hex)
    finding | string | what was found
    subject | string | of what, for example a request id
    evidence | string | the facts, as JSON
    created | string | UTC
    position | int64 | place of the record in the log
"""
        ),
        """
        SELECT run, plan, finding, subject, evidence, created, "position"
        FROM findings ORDER BY "position"
        """,
    ),
    Table(
        "contamination",
        "what one contamination check says of one item or of the whole data set",
        columns(
            """
    examination | string | id of the examination (SHA-256, hex)
    plan | string | plan id (SHA-256, hex)
    claim | string | fact, test, screening or decision: never to be merged
    method | string | name of the check
    version | string | version of its definition
    mode | string | what it worked on, or that it was not possible
    subject | string | an item's id; * for the data set
    n | int64 | how many items it speaks of
    statistic | double | its value
    p | double | its p-value
    low | double | lower end of the statistic's interval
    high | double | upper end of the statistic's interval
    level | double | the interval's level
    verdict | string | in the check's own words
    parameters | string | all that decides the result besides the data, as JSON
    detail | string | whatever else it says, as JSON
    created | string | UTC
    position | int64 | place of the record in the log
"""
        ),
        """
        SELECT run, plan, evidence->>'$.claim', evidence->>'$.method', evidence->>'$.version',
               evidence->>'$.mode', subject, CAST(evidence->>'$.n' AS BIGINT),
               CAST(evidence->>'$.statistic' AS DOUBLE), CAST(evidence->>'$.p' AS DOUBLE),
               CAST(evidence->>'$.low' AS DOUBLE), CAST(evidence->>'$.high' AS DOUBLE),
               CAST(evidence->>'$.level' AS DOUBLE), evidence->>'$.verdict',
               evidence->>'$.parameters', evidence->>'$.detail', created, "position"
        FROM findings WHERE starts_with(finding, 'contamination/') ORDER BY "position"
        """,
    ),
)

LIKELIHOODS = Table(
    "likelihoods",
    "how well the model foresaw one text that contamination checks look at",
    columns(
        """
    examination | string | id of the examination (SHA-256, hex)
    index | int64 | the text's place in the examination, from 0
    set | string | suspect, reference, twin, order or canary
    subject | string | an item's id; number of a shard for order; a canary's id
    variant | int64 | 0 for suspect and reference; place among the variants for the others
    text | string | the text; null where it is sealed or withheld
    text_ids | list<uint32> | its token ids; likewise
    tokens | int64 | how many tokens have a log-probability
    bytes | int64 | length of the text in UTF-8
    zlib | int64 | length of its zlib compression, level 6
    logprobs | list<float> | natural logarithm of each token's probability; of each row for order
    means | list<float> | at each step, the mean log-probability over the vocabulary
    deviations | list<float> | at each step, its standard deviation
    attempt | string | the measuring attempt, hex
    snapshot | string | id of the model's snapshot
    position | int64 | place of the record in the log
"""
    ),
    """
    SELECT canon->>'$.examination', o."index", canon->>'$.set', canon->>'$.subject',
           CAST(canon->>'$.variant' AS BIGINT), text."text", ids.bytes,
           CAST(canon->>'$.tokens' AS BIGINT), CAST(canon->>'$.bytes' AS BIGINT),
           CAST(canon->>'$.zlib' AS BIGINT), logprobs.bytes, means.bytes, deviations.bytes,
           o.attempt, canon->>'$.snapshot', o."position"
    FROM page
    JOIN near_own o ON o."position" = own
    LEFT JOIN opened_own text ON text."position" = own AND text.field = 'text'
    LEFT JOIN opened_own ids ON ids."position" = own AND ids.field = 'text_ids'
    LEFT JOIN opened_own logprobs ON logprobs."position" = own AND logprobs.field = 'logprobs'
    LEFT JOIN opened_own means ON means."position" = own AND means.field = 'means'
    LEFT JOIN opened_own deviations
        ON deviations."position" = own AND deviations.field = 'deviations'
    ORDER BY page.n
    """,
    places="""
    SELECT "position", "position" FROM log WHERE kind = 'likelihood' ORDER BY "position"
    """,
)
