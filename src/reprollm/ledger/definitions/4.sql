
CREATE MACRO uint32_at(b, i) AS
    ('0x' || hex(b[4*i+4:4*i+4]) || hex(b[4*i+3:4*i+3])
          || hex(b[4*i+2:4*i+2]) || hex(b[4*i+1:4*i+1]))::UINTEGER;
CREATE MACRO float32_of(u) AS
    CASE WHEN (u >> 23) & 255 = 255
         THEN CASE WHEN u & 8388607 != 0 THEN 'nan'::DOUBLE
                   WHEN u >> 31 = 1 THEN '-inf'::DOUBLE ELSE 'inf'::DOUBLE END
         ELSE (1 - 2 * (u >> 31)::DOUBLE) * CASE WHEN (u >> 23) & 255 = 0
              THEN (u & 8388607)::DOUBLE * pow(2, -149)
              ELSE ((u & 8388607) + 8388608)::DOUBLE * pow(2, ((u >> 23) & 255)::INTEGER - 150)
              END
    END;
CREATE MACRO float32_at(b, i) AS float32_of(uint32_at(b, i));
CREATE MACRO float32_list(b) AS
    list_transform(range(octet_length(b) // 4), lambda i: float32_at(b, i));
CREATE MACRO float32_sum(b) AS list_sum(float32_list(b));
CREATE MACRO float32_min(b) AS list_min(float32_list(b));
CREATE MACRO framed(b) AS unhex(format('{:016x}', octet_length(b))) || b;
CREATE MACRO imported_request(import_id, sample) AS sha256(
    framed(encode('reprollm/imported/v1')) || framed(encode(import_id))
    || framed(encode(sample::VARCHAR)));

CREATE TABLE log (
    "position" UBIGINT,
    canon VARCHAR,
    "leaf" VARCHAR GENERATED ALWAYS AS (sha256(unhex('00') || encode(canon))) VIRTUAL,
    "kind" VARCHAR GENERATED ALWAYS AS (canon->>'$.kind') VIRTUAL,
    "schema" VARCHAR GENERATED ALWAYS AS (canon->>'$.schema') VIRTUAL,
    "plan" VARCHAR GENERATED ALWAYS AS (canon->>'$.plan') VIRTUAL,
    "run" VARCHAR GENERATED ALWAYS AS (canon->>'$.run') VIRTUAL,
    "attempt" VARCHAR GENERATED ALWAYS AS (canon->>'$.attempt') VIRTUAL,
    "request" VARCHAR GENERATED ALWAYS AS (canon->>'$.request') VIRTUAL,
    "result" VARCHAR GENERATED ALWAYS AS (canon->>'$.result') VIRTUAL,
    "item" VARCHAR GENERATED ALWAYS AS (canon->>'$.item') VIRTUAL,
    "stratum" VARCHAR GENERATED ALWAYS AS (canon->>'$.stratum') VIRTUAL,
    "sampling" VARCHAR GENERATED ALWAYS AS (canon->>'$.sampling') VIRTUAL,
    "seed" VARCHAR GENERATED ALWAYS AS (canon->>'$.seed') VIRTUAL,
    "finish" VARCHAR GENERATED ALWAYS AS (canon->>'$.finish') VIRTUAL,
    "index" BIGINT GENERATED ALWAYS AS (TRY_CAST(canon->>'$.index' AS BIGINT)) VIRTUAL,
    "repetition" BIGINT GENERATED ALWAYS AS (TRY_CAST(canon->>'$.repetition' AS BIGINT)) VIRTUAL,
    "environment" VARCHAR GENERATED ALWAYS AS (canon->>'$.environment') VIRTUAL
);

CREATE TABLE about ("schema" VARCHAR);
INSERT INTO about VALUES ('reprollm/projection/4');
CREATE TABLE opening ("position" UBIGINT, field VARCHAR, salt BLOB, "text" VARCHAR, bytes BLOB);
CREATE TABLE shard ("first" UBIGINT, records UBIGINT, "group" VARCHAR, sha256 VARCHAR);
CREATE TABLE checkpoint (
    size UBIGINT,
    note VARCHAR,
    origin VARCHAR GENERATED ALWAYS AS (split_part(note, chr(10), 1)) VIRTUAL,
    root VARCHAR GENERATED ALWAYS AS (lower(hex(from_base64(split_part(note, chr(10), 3))))) VIRTUAL
);

CREATE VIEW plans AS SELECT "position", "plan" AS "plan", (canon->>'$.experiment') AS "experiment", (canon->>'$.core') AS "core", (TRY_CAST(canon->>'$.requests' AS BIGINT)) AS "requests", (canon->>'$.requests_root') AS "requests_root", (canon->>'$.created') AS "created", leaf FROM log WHERE kind = 'plan';
CREATE VIEW snapshots AS SELECT "position", (canon->>'$.snapshot') AS "snapshot", (canon->>'$.weights') AS "weights", (canon->>'$.name') AS "name", (canon->>'$.files') AS "files", (canon->>'$.facts') AS "facts", leaf FROM log WHERE kind = 'snapshot';
CREATE VIEW requests AS SELECT "position", "plan" AS "plan", "index" AS "index", "request" AS "request", "item" AS "item", "stratum" AS "stratum", "sampling" AS "sampling", (canon->>'$.settings') AS "settings", "seed" AS "seed", "repetition" AS "repetition", (canon->>'$.snapshot') AS "snapshot", (canon->>'$.tokenizer') AS "tokenizer", (canon->>'$.engine') AS "engine", (canon->>'$.dtype') AS "dtype", (canon->>'$.few_shot') AS "few_shot", (canon->>'$.prompt') AS "prompt_commitment", (canon->>'$.prompt_ids') AS "prompt_ids_commitment", (canon->>'$.source') AS "source_commitment", (canon->>'$.reference') AS "reference_commitment", leaf FROM log WHERE kind = 'request';
CREATE VIEW derivations AS SELECT "position", (canon->>'$.snapshot') AS "snapshot", (canon->>'$.weights') AS "weights", (canon->>'$.sources') AS "sources", (canon->>'$.tool') AS "tool", (canon->>'$.tool_version') AS "tool_version", (canon->>'$.parameters') AS "parameters", (canon->>'$.created') AS "created", leaf FROM log WHERE kind = 'derivation';
CREATE VIEW deviations AS SELECT "position", "plan" AS "plan", (canon->>'$.before') AS "before", (canon->>'$.changed') AS "changed", (TRY_CAST(canon->>'$.kept' AS BIGINT)) AS "kept", (TRY_CAST(canon->>'$.dropped' AS BIGINT)) AS "dropped", (TRY_CAST(canon->>'$.added' AS BIGINT)) AS "added", (canon->>'$.reason') AS "reason", (canon->>'$.created') AS "created", leaf FROM log WHERE kind = 'deviation';
CREATE VIEW environments AS SELECT "position", "environment" AS "environment", (canon->>'$.facts') AS "facts", leaf FROM log WHERE kind = 'environment';
CREATE VIEW starts AS SELECT "position", "attempt" AS "attempt", "run" AS "run", "plan" AS "plan", (TRY_CAST(canon->>'$.first' AS BIGINT)) AS "first", (TRY_CAST(canon->>'$.last' AS BIGINT)) AS "last", (TRY_CAST(canon->>'$.requests' AS BIGINT)) AS "requests", "environment" AS "environment", (canon->>'$.snapshot') AS "snapshot", (canon->>'$.snapshot_check') AS "snapshot_check", (canon->>'$.checkpoint') AS "checkpoint", (canon->>'$.engine') AS "engine", (canon->>'$.code') AS "code", (canon->>'$.host') AS "host", (TRY_CAST(canon->>'$.pid' AS BIGINT)) AS "pid", (canon->>'$.job') AS "job", (canon->>'$.started') AS "started", leaf FROM log WHERE kind = 'start';
CREATE VIEW exposures AS SELECT "position", "attempt" AS "attempt", "run" AS "run", "plan" AS "plan", (canon->>'$.address') AS "address", (canon->>'$.server') AS "server", (TRY_CAST(canon->>'$.first' AS BIGINT)) AS "first", (TRY_CAST(canon->>'$.last' AS BIGINT)) AS "last", (TRY_CAST(canon->>'$.requests' AS BIGINT)) AS "requests", (canon->>'$.created') AS "created", leaf FROM log WHERE kind = 'exposure';
CREATE VIEW exposed AS SELECT "position", "attempt" AS "attempt", "run" AS "run", "plan" AS "plan", "item" AS "item", (canon->>'$.field') AS "field", (canon->>'$.role') AS "role", (TRY_CAST(canon->>'$.requests' AS BIGINT)) AS "requests", (canon->>'$.address') AS "address", (canon->>'$.server') AS "server", (canon->>'$.policy') AS "policy", (canon->>'$.created') AS "created", leaf FROM log WHERE kind = 'exposed';
CREATE VIEW declarations AS SELECT "position", "plan" AS "plan", (canon->>'$.what') AS "what", (canon->>'$.subject') AS "subject", (canon->>'$.field') AS "field", (canon->>'$.evidence') AS "evidence", (canon->>'$.created') AS "created", leaf FROM log WHERE kind = 'declaration';
CREATE VIEW examinations AS SELECT "position", (canon->>'$.examination') AS "examination", "plan" AS "plan", (canon->>'$.snapshot') AS "snapshot", (canon->>'$.core') AS "core", (canon->>'$.created') AS "created", leaf FROM log WHERE kind = 'examination';
CREATE VIEW measurements AS SELECT "position", (canon->>'$.examination') AS "examination", "plan" AS "plan", "attempt" AS "attempt", (TRY_CAST(canon->>'$.first' AS BIGINT)) AS "first", (TRY_CAST(canon->>'$.last' AS BIGINT)) AS "last", "environment" AS "environment", (canon->>'$.snapshot') AS "snapshot", (canon->>'$.snapshot_check') AS "snapshot_check", (canon->>'$.engine') AS "engine", (canon->>'$.code') AS "code", (canon->>'$.host') AS "host", (TRY_CAST(canon->>'$.pid' AS BIGINT)) AS "pid", (canon->>'$.job') AS "job", (canon->>'$.started') AS "started", leaf FROM log WHERE kind = 'measurement';
CREATE VIEW likelihoods AS SELECT "position", (canon->>'$.examination') AS "examination", "plan" AS "plan", "attempt" AS "attempt", "index" AS "index", (canon->>'$.set') AS "set", (canon->>'$.subject') AS "subject", (TRY_CAST(canon->>'$.variant' AS BIGINT)) AS "variant", (canon->>'$.snapshot') AS "snapshot", (canon->>'$.tokenizer') AS "tokenizer", (TRY_CAST(canon->>'$.tokens' AS BIGINT)) AS "tokens", (TRY_CAST(canon->>'$.bytes' AS BIGINT)) AS "bytes", (TRY_CAST(canon->>'$.zlib' AS BIGINT)) AS "zlib", (canon->>'$.text') AS "text_commitment", (canon->>'$.text_ids') AS "text_ids_commitment", (canon->>'$.sealed') AS "sealed", (canon->>'$.logprobs') AS "logprobs_commitment", (canon->>'$.means') AS "means_commitment", (canon->>'$.deviations') AS "deviations_commitment", (canon->>'$.batch') AS "batch", (canon->>'$.finished') AS "finished", leaf FROM log WHERE kind = 'likelihood';
CREATE VIEW continuations AS SELECT "position", (canon->>'$.examination') AS "examination", "plan" AS "plan", "attempt" AS "attempt", "index" AS "index", (canon->>'$.subject') AS "subject", (canon->>'$.snapshot') AS "snapshot", (canon->>'$.tokenizer') AS "tokenizer", (TRY_CAST(canon->>'$.prefix' AS BIGINT)) AS "prefix", (canon->>'$.expected_ids') AS "expected_ids_commitment", (canon->>'$.output_ids') AS "output_ids_commitment", (canon->>'$.output') AS "output_commitment", (canon->>'$.batch') AS "batch", (canon->>'$.finished') AS "finished", leaf FROM log WHERE kind = 'continuation';
CREATE VIEW generations AS SELECT "position", "attempt" AS "attempt", "run" AS "run", "plan" AS "plan", "request" AS "request", "result" AS "result", "finish" AS "finish", (canon->>'$.output') AS "output_commitment", (canon->>'$.output_ids') AS "output_ids_commitment", (canon->>'$.logprobs') AS "logprobs_commitment", (canon->>'$.margins') AS "margins_commitment", (canon->>'$.batch') AS "batch", (canon->>'$.finished') AS "finished", leaf FROM log WHERE kind = 'generation';
CREATE VIEW failures AS SELECT "position", "attempt" AS "attempt", "run" AS "run", "plan" AS "plan", "request" AS "request", (canon->>'$.reason') AS "reason", (canon->>'$.message') AS "message", (canon->>'$.failed') AS "failed", leaf FROM log WHERE kind = 'failure';
CREATE VIEW ends AS SELECT "position", "attempt" AS "attempt", "run" AS "run", "plan" AS "plan", (canon->>'$.how') AS "how", (TRY_CAST(canon->>'$.generations' AS BIGINT)) AS "generations", (TRY_CAST(canon->>'$.failures' AS BIGINT)) AS "failures", (canon->>'$.closed_by') AS "closed_by", (canon->>'$.ended') AS "ended", leaf FROM log WHERE kind = 'end';
CREATE VIEW scores AS SELECT "position", "run" AS "run", "plan" AS "plan", (canon->>'$.score') AS "score", "sampling" AS "sampling", (canon->>'$.level') AS "level", "stratum" AS "stratum", (canon->>'$.aggregation') AS "aggregation", (canon->>'$.value') AS "value", (TRY_CAST(canon->>'$.n' AS BIGINT)) AS "n", (TRY_CAST(canon->>'$.undefined' AS BIGINT)) AS "undefined", (TRY_CAST(canon->>'$.runaway' AS BIGINT)) AS "runaway", (canon->>'$.table_sha256') AS "table_sha256", (canon->>'$.created') AS "created", leaf FROM log WHERE kind = 'score';
CREATE VIEW findings AS SELECT "position", "run" AS "run", "plan" AS "plan", (canon->>'$.finding') AS "finding", (canon->>'$.subject') AS "subject", (canon->>'$.evidence') AS "evidence", (canon->>'$.created') AS "created", leaf FROM log WHERE kind = 'finding';
CREATE VIEW imports AS SELECT "position", (canon->>'$.import') AS "import", (canon->>'$.tool') AS "tool", (canon->>'$.tool_version') AS "tool_version", (canon->>'$.format') AS "format", (canon->>'$.file') AS "file", (canon->>'$.claims') AS "claims", (canon->>'$.unsaid') AS "unsaid", (TRY_CAST(canon->>'$.samples' AS BIGINT)) AS "samples", (canon->>'$.created') AS "created", leaf FROM log WHERE kind = 'import';
CREATE VIEW imported AS SELECT "position", (canon->>'$.import') AS "import", "index" AS "index", "item" AS "item", "stratum" AS "stratum", "sampling" AS "sampling", "seed" AS "seed", "repetition" AS "repetition", (canon->>'$.model') AS "model", (canon->>'$.prompt') AS "prompt_commitment", (canon->>'$.reference') AS "reference_commitment", (canon->>'$.output') AS "output_commitment", "finish" AS "finish", (canon->>'$.claimed') AS "claimed", leaf FROM log WHERE kind = 'imported';
CREATE VIEW notes AS SELECT "position", (canon->>'$.text') AS "text", (canon->>'$.created') AS "created", leaf FROM log WHERE kind = 'note';

CREATE VIEW checkpoints AS SELECT size, origin, root, note FROM checkpoint ORDER BY size;
CREATE VIEW attempts AS
    SELECT s.attempt, s.run, s.plan, s."first", s."last", s.requests, s.started, e.ended,
           coalesce(e.how, 'abandoned') AS how, e.generations, e.failures, e.closed_by,
           s.host, s.pid, s.job, s.environment, s.snapshot, s.snapshot_check, s.engine, s.code,
           coalesce((s.engine)->>'$.trust', 'owned') AS trust, s."position"
    FROM starts s LEFT JOIN ends e
        ON e."position" = (SELECT min(x."position") FROM ends x WHERE x.attempt = s.attempt)
    WHERE s."position" IN (SELECT min("position") FROM starts GROUP BY attempt);
CREATE VIEW planned AS
    SELECT * FROM requests
    WHERE "position" IN (SELECT min("position") FROM requests GROUP BY plan, "index");
CREATE VIEW final AS
    SELECT * FROM generations
    WHERE "position" IN (SELECT min("position") FROM generations GROUP BY run, request);
CREATE VIEW replicates AS
    SELECT g.run, g.request, f.result, f.attempt AS final_attempt, g.attempt,
           g.result AS other_result, g.result = f.result AS equal, g."position"
    FROM generations g JOIN final f USING (run, request) WHERE g.attempt != f.attempt;
CREATE VIEW answers AS
    SELECT g.run, g.plan, r."index", g.request, r.item, r.stratum, r.sampling, r.seed,
           r.repetition, prompt."text" AS prompt, source."text" AS source,
           reference."text" AS reference, output."text" AS output, g.finish,
           octet_length(ids.bytes) // 4 AS output_tokens,
           float32_sum(logprobs.bytes) AS logprob_sum,
           float32_min(margins.bytes) AS margin,
           list_position(float32_list(margins.bytes), float32_min(margins.bytes)) - 1
               AS margin_step,
           g.result, g.attempt, s.environment, ids.bytes AS output_ids,
           logprobs.bytes AS logprobs, margins.bytes AS margins, g."position",
           s.trust, (g.batch)->>'$.reused' AS reused_from, 'recorded' AS attestation
    FROM final g
    JOIN planned r ON r.plan = g.plan AND r.request = g.request
    LEFT JOIN attempts s ON s.attempt = coalesce((g.batch)->>'$.reused', g.attempt)
    LEFT JOIN opening prompt ON prompt."position" = r."position" AND prompt.field = 'prompt'
    LEFT JOIN opening source ON source."position" = r."position" AND source.field = 'source'
    LEFT JOIN opening reference
        ON reference."position" = r."position" AND reference.field = 'reference'
    LEFT JOIN opening output ON output."position" = g."position" AND output.field = 'output'
    LEFT JOIN opening ids ON ids."position" = g."position" AND ids.field = 'output_ids'
    LEFT JOIN opening logprobs
        ON logprobs."position" = g."position" AND logprobs.field = 'logprobs'
    LEFT JOIN opening margins
        ON margins."position" = g."position" AND margins.field = 'margins'
    UNION ALL
    SELECT i."import", i."import", i."index", imported_request(i."import", i."index"), i.item,
           i.stratum, i.sampling, i.seed, i.repetition, prompt."text", NULL, reference."text",
           output."text", i.finish, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
           i."position", NULL, NULL, 'unattested'
    FROM imported i
    LEFT JOIN opening prompt ON prompt."position" = i."position" AND prompt.field = 'prompt'
    LEFT JOIN opening reference
        ON reference."position" = i."position" AND reference.field = 'reference'
    LEFT JOIN opening output ON output."position" = i."position" AND output.field = 'output';
CREATE VIEW runs AS
    SELECT s.run, any_value(s.plan) AS plan, any_value(p.experiment) AS experiment,
           (SELECT count(DISTINCT r.request) FROM requests r
            WHERE r.plan = any_value(s.plan)) AS planned,
           (SELECT count(DISTINCT g.request) FROM generations g WHERE g.run = s.run) AS answered,
           count(*) AS attempts, min(s.started) AS started, max(s.ended) AS ended,
           (SELECT count(DISTINCT g.request) FROM generations g
            WHERE g.run = s.run AND ((g.batch)->>'$.reused') IS NOT NULL) AS reused,
           min_by(s.trust, CASE s.trust WHEN 'owned' THEN 2 WHEN 'attested' THEN 1 ELSE 0 END)
               AS trust,
           'recorded' AS attestation
    FROM attempts s LEFT JOIN plans p ON p.plan = s.plan
    GROUP BY s.run
    UNION ALL
    SELECT i."import", i."import", i.claims->>'$.task', i.samples,
           (SELECT count(*) FROM imported a
            WHERE a."import" = i."import" AND a.output_commitment IS NOT NULL),
           0, i.created, i.created, 0, NULL, 'unattested'
    FROM imports i
    WHERE i."position" IN (SELECT min("position") FROM imports GROUP BY "import");
