"""The tables of a bundle: from which rows each is made, in which order, and what its columns mean.

Every query ends in an order in which no two rows are equal, so that the same log gives the same
file. Texts that are withheld are null.
"""

from __future__ import annotations

from reprollm.publish.findings import FINDINGS, LIKELIHOODS
from reprollm.publish.form import Table, columns
from reprollm.publish.items import ITEMS

_REQUEST = """
    request | string | id of the request (SHA-256, hex), the same on every machine
    item | string | the item's id in the data file
    stratum | string | the item's stratum, if the data has any
    sampling | string | name of the sampling setting
    seed | string | seed, as a decimal string (it may exceed 64 signed bits)
    repetition | int64 | 0 for the first asking
"""
_RUN = """
    run | string | run id (SHA-256, hex)
    plan | string | plan id (SHA-256, hex)
"""

TABLES = (
    Table(
        "answers",
        "the final answer to one request of one run",
        columns(
            _RUN
            + "index | int64 | the request's place in its plan, from 0\n"
            + _REQUEST
            + """
    prompt | string | the rendered prompt
    source | string | the item's source text
    reference | string | what the answer should be
    output | string | the answer
    finish | string | stop: the model ended; length: it ran out of tokens
    output_ids | list<uint32> | the answer's token ids
    logprobs | list<float> | natural logarithm of the probability of each chosen token
    margins | list<float> | at each step, the difference of the two best decision scores
    result | string | id of the answer (SHA-256 over request, token ids and finish, hex)
    attempt | string | the attempt that gave the answer, or took it over
    reused_from | string | the attempt that gave it first, where it was taken over; else null
    trust | string | which weights answered: owned (loaded from hashed files), attested, claimed
    environment | string | id of the environment it was computed in; see environment/records
    position | int64 | place of the generation record in the log
"""
        ),
        """
        SELECT g.run, g.plan, r."index", g.request, r.item, r.stratum, r.sampling, r.seed,
               r.repetition, prompt."text", source."text", reference."text", output."text",
               g.finish, ids.bytes, logprobs.bytes, margins.bytes, g.result, g.attempt,
               (g.canon)->>'$.batch.reused', s.trust, s.environment, g."position"
        FROM page
        JOIN near_own g ON g."position" = page.own
        JOIN near_asked r ON r."position" = page.asked
        LEFT JOIN attempt_environment s
            ON s.attempt = coalesce((g.canon)->>'$.batch.reused', g.attempt)
        LEFT JOIN opened_asked prompt ON prompt."position" = asked AND prompt.field = 'prompt'
        LEFT JOIN opened_asked source ON source."position" = asked AND source.field = 'source'
        LEFT JOIN opened_asked reference
            ON reference."position" = asked AND reference.field = 'reference'
        LEFT JOIN opened_own output ON output."position" = own AND output.field = 'output'
        LEFT JOIN opened_own ids ON ids."position" = own AND ids.field = 'output_ids'
        LEFT JOIN opened_own logprobs ON logprobs."position" = own AND logprobs.field = 'logprobs'
        LEFT JOIN opened_own margins ON margins."position" = own AND margins.field = 'margins'
        ORDER BY page.n
        """,
        places="""
        SELECT g."position", r."position" FROM final g
        JOIN planned r ON r.plan = g.plan AND r.request = g.request
        ORDER BY g.run, r."index", g."position"
        """,
    ),
    Table(
        "requests",
        "one planned request",
        columns(
            "plan | string | plan id (SHA-256, hex)\n"
            "index | int64 | place in the plan, from 0\n"
            + _REQUEST
            + """
    prompt | string | the rendered prompt
    prompt_ids | list<uint32> | the prompt's token ids
    source | string | the item's source text
    reference | string | what the answer should be
    few_shot | list<string> | ids of the examples before the item
    settings | string | all sampling settings, as JSON
    engine | string | engine family
    dtype | string | type of number in which the model computed
    snapshot | string | id of the model's snapshot (SHA-256, hex)
    position | int64 | place of the request record in the log
"""
        ),
        """
        SELECT r.plan, r."index", r.request, r.item, r.stratum, r.sampling, r.seed, r.repetition,
               prompt."text", ids.bytes, source."text", reference."text",
               CAST(canon->'$.few_shot' AS VARCHAR[]), canon->>'$.settings', canon->>'$.engine',
               canon->>'$.dtype', canon->>'$.snapshot', r."position"
        FROM page
        JOIN near_own r ON r."position" = own
        LEFT JOIN opened_own prompt ON prompt."position" = own AND prompt.field = 'prompt'
        LEFT JOIN opened_own ids ON ids."position" = own AND ids.field = 'prompt_ids'
        LEFT JOIN opened_own source ON source."position" = own AND source.field = 'source'
        LEFT JOIN opened_own reference
            ON reference."position" = own AND reference.field = 'reference'
        ORDER BY page.n
        """,
        places='SELECT "position", "position" FROM planned ORDER BY "position"',
    ),
    Table(
        "runs",
        "one run: one execution of a plan",
        columns(
            _RUN
            + """
    experiment | string | the experiment's name
    planned | int64 | requests of the plan
    answered | int64 | requests that the run has answered
    reused | int64 | of them those taken over from earlier attempts
    trust | string | weakest class of its attempts: owned, attested or claimed
    attempts | int64 | attempts that the run took
    started | string | start of its first attempt, UTC
    ended | string | end of its last attempt, UTC; null where none ended
"""
        ),
        """
        SELECT run, plan, experiment, planned, answered, reused, trust, attempts, started, ended
        FROM runs ORDER BY started, run
        """,
    ),
    Table(
        "attempts",
        "one process's try at a range of requests",
        columns(
            "attempt | string | attempt id, hex\n"
            + _RUN
            + """
    first | int64 | index of the first request
    last | int64 | index behind the last request
    requests | int64 | requests it set out to answer
    started | string | UTC
    ended | string | UTC; null where it has no end record
    how | string | complete, interrupted, killed, failed, or abandoned (no end record)
    generations | int64 | answers it gave
    failures | int64 | requests it could not answer
    closed_by | string | the attempt that wrote the end record; another one after a kill
    host | string | name of the machine
    pid | int64 | process id there
    job | string | what the scheduler said of the job, as JSON
    environment | string | id of the environment; see environment/records
    snapshot | string | id of the model's snapshot
    snapshot_check | string | full: all weights were hashed at the start; stat: files unchanged
    engine | string | the engine's settings, as JSON
    trust | string | owned: it loaded files that it had hashed; else attested or claimed
    code | string | digest of the code that generated
    position | int64 | place of the start record in the log
"""
        ),
        """
        SELECT attempt, run, plan, "first", "last", requests, started, ended, how, generations,
               failures, closed_by, host, pid, job, environment, snapshot, snapshot_check, engine,
               trust, code, "position"
        FROM attempts ORDER BY "position"
        """,
    ),
    Table(
        "estimates",
        "one number made of a run's answers, with its interval",
        columns(
            _RUN
            + """
    trust | string | weakest class of the run's attempts; null for an import
    score | string | name of the measure
    version | string | versions of its definition and of the parser's; see docs/scores.md
    sampling | string | name of the sampling setting, behind the prompt's where there are several
    level | string | all, or stratum or split for the items of one
    group | string | that stratum or split
    label | string | the label that the value is about, if it is about one
    aggregation | string | how the answers were made into one number
    value | double | null where it is undefined
    low | double | lower end of the interval; null without one
    high | double | upper end of the interval
    method | string | how the interval was made: wilson, bootstrap, none
    interval_level | double | coverage that the interval aims at
    resamples | int64 | resamples on which the statistic was defined; 0 but for the bootstrap
    seed | string | of the resamples
    n | int64 | counted answers that have a reference
    items | int64 | items that these answer
    clusters | int64 | documents of these items; an item without one is one by itself
    undefined | int64 | of the n answers those without a score
    answered | int64 | of the n answers those with a recognisable answer
    empty | int64 | of the n answers those without text
    refused | int64 | of the n answers the refusals
    unparsed | int64 | of the n answers those without a recognisable answer
    runaway | int64 | of the n answers those cut off for length
    without_reference | int64 | further answers, which cannot be scored
    passes_asked | int64 | repetitions and seeds that were asked
    passes_distinct | int64 | of them those that say anything new; only these are counted
    warnings | list<string> | what a reader should know, as codes; see docs/scores.md
    table_sha256 | string | digest of the item scores it was made of
    checkpoint_size | int64 | number of the log's records of which it speaks
    created | string | UTC
    position | int64 | place of the record in the log
"""
        ),
        """
        SELECT run, e.plan, r.trust, score, version, sampling, e.level, e."group", e.label,
               aggregation,
               CAST(value AS DOUBLE), CAST(low AS DOUBLE), CAST(high AS DOUBLE),
               e."interval"->>'$.method', CAST(e."interval"->>'$.level' AS DOUBLE),
               CAST(e."interval"->>'$.resamples' AS BIGINT), e."interval"->>'$.seed',
               n, items, clusters, undefined,
               CAST(e.counted->>'$.answered' AS BIGINT), CAST(e.counted->>'$.empty' AS BIGINT),
               CAST(e.counted->>'$.refused' AS BIGINT), CAST(e.counted->>'$.unparsed' AS BIGINT),
               CAST(e.counted->>'$.runaway' AS BIGINT),
               CAST(e.counted->>'$.without_reference' AS BIGINT),
               CAST(e.passes->>'$.asked' AS BIGINT), CAST(e.passes->>'$.distinct' AS BIGINT),
               CAST(e.warnings AS VARCHAR[]), table_sha256,
               CAST(e.checkpoint->>'$.size' AS BIGINT), created, "position"
        FROM estimates e LEFT JOIN runs r USING (run) ORDER BY "position"
        """,
    ),
    Table(
        "scores",
        "one number of the summary table of a release before 0.4",
        columns(
            _RUN
            + """
    trust | string | weakest class of the run's attempts; null for an import
    score | string | name of the measure
    sampling | string | name of the sampling setting
    level | string | all, or stratum for the items of one stratum
    stratum | string | that stratum
    aggregation | string | mean_of_ratios: every item weighs the same; corpus: every character
    value | double | null where no item is defined
    n | int64 | answers covered
    undefined | int64 | of them without a ratio
    runaway | int64 | of them cut off for length
    table_sha256 | string | digest of the item scores it was made of
    created | string | UTC
    position | int64 | place of the record in the log
"""
        ),
        """
        SELECT run, s.plan, r.trust, score, sampling, level, stratum, aggregation,
               CAST(value AS DOUBLE), n, undefined, runaway, table_sha256, created, "position"
        FROM scores s LEFT JOIN runs r USING (run) ORDER BY "position"
        """,
    ),
    *FINDINGS,
    LIKELIHOODS,
    ITEMS,
    Table(
        "failures",
        "one request that an attempt could not answer",
        columns(
            _RUN
            + """
    request | string | request id
    attempt | string | attempt id
    reason | string | why, in one word
    message | string | why, in a sentence
    failed | string | UTC
    position | int64 | place of the record in the log
"""
        ),
        """
        SELECT run, plan, request, attempt, reason, message, failed, "position"
        FROM failures ORDER BY "position"
        """,
    ),
    Table(
        "replicates",
        "one further answer to a request that its run had answered before",
        columns(
            """
    run | string | run id (SHA-256, hex)
    request | string | request id
    result | string | id of the final answer
    final_attempt | string | the attempt that gave it
    attempt | string | the attempt that gave the further one
    other_result | string | id of the further answer
    equal | bool | whether the two are the same
    position | int64 | place of the further generation record in the log
"""
        ),
        """
        SELECT run, request, result, final_attempt, attempt, other_result, equal, "position"
        FROM replicates ORDER BY "position"
        """,
    ),
    Table(
        "deviations",
        "one plan that stands after another in the log, and what changed",
        columns(
            """
    plan | string | id of the later plan
    before | string | id of the plan before it
    changed | string | the settings that changed, as JSON
    kept | int64 | requests in both
    dropped | int64 | requests only in the earlier one
    added | int64 | requests only in the later one
    reason | string | the researcher's reason, if one was given
    created | string | UTC
    position | int64 | place of the record in the log
"""
        ),
        """
        SELECT plan, canon->>'$.before', canon->>'$.changed', (canon->>'$.kept')::BIGINT,
               (canon->>'$.dropped')::BIGINT, (canon->>'$.added')::BIGINT, canon->>'$.reason',
               canon->>'$.created', "position"
        FROM log WHERE kind = 'deviation' ORDER BY "position"
        """,
    ),
    Table(
        "imported",
        "one sample of another harness's log: unattested, nobody but that log says so",
        columns(
            """
    import | string | import id (SHA-256, hex)
    index | int64 | the sample's place in the import, from 0
    item | string | the sample's id
    stratum | string | its stratum, if any
    sampling | string | name of the sampling setting
    seed | string | seed, where the log says it
    repetition | int64 | 0 for the first asking
    model | string | the model's name, as the log says it
    prompt | string | the prompt, as the log says it
    reference | string | what the answer should be
    output | string | the answer
    finish | string | why the answer ended, in that harness's words
    claimed | string | scores and other claims of that log, as JSON
    position | int64 | place of the record in the log
"""
        ),
        """
        SELECT canon->>'$.import', i."index", i.item, i.stratum, i.sampling, i.seed, i.repetition,
               canon->>'$.model', prompt."text", reference."text", output."text", i.finish,
               canon->>'$.claimed', i."position"
        FROM page
        JOIN near_own i ON i."position" = own
        LEFT JOIN opened_own prompt ON prompt."position" = own AND prompt.field = 'prompt'
        LEFT JOIN opened_own reference
            ON reference."position" = own AND reference.field = 'reference'
        LEFT JOIN opened_own output ON output."position" = own AND output.field = 'output'
        ORDER BY page.n
        """,
        places="""
        SELECT "position", "position" FROM log WHERE kind = 'imported' ORDER BY "position"
        """,
    ),
)

ITEM_SCORES = Table(
    "item_scores",
    "the score of one final answer under one measure",
    columns(
        "run | string | run id, or the id of an import (SHA-256, hex)\n"
        "index | int64 | place of the request in its plan\n"
        + _REQUEST
        + """
    document | string | the document that the item was taken from, if the data names any
    split | string | the part of the data that the item belongs to, if it names any
    score | string | name of the measure
    counts | string | what the measure counts of the answer, as JSON; docs/scores.md says what
    value | double | the item's score; null where undefined, or where the measure has none of items
    status | string | answered, empty, refused or unparsed: what became of the output
    runaway | bool | whether the answer was cut off for length
    counted | bool | false where a repetition says byte for byte what an earlier one says
"""
    ),
    "",
)
