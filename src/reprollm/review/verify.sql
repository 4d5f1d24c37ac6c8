-- Checks the log, its openings and the scores of a reprollm bundle in the plain duckdb command line
-- (1.4 or later, https://duckdb.org), nothing else installed. In the unpacked bundle:
--
--     duckdb -c ".read verify.sql"
--
-- A table is printed: what is checked, what it should be, what was found. If anything does not hold,
-- the last line says so and the exit code is 1. Signatures, files outside ledger/, estimates,
-- comparisons and claims, and whether every planned request was answered are checked by verify.py
-- and by `reprollm verify`, not here.
--
-- Everything is computed from the text files below ledger/. Of ledger.duckdb only the two tables
-- are read that hold text and openings, and they are compared with the files; its views and macros
-- are never used, they could lie. So this begins in a database of its own.

.bail on
ATTACH ':memory:' AS own (READ_WRITE);
USE own;
ATTACH IF NOT EXISTS 'ledger/ledger.duckdb' AS ledger (READ_ONLY);

-- A field of a record's text.
CREATE MACRO said(canon, field) AS json_extract_string(canon, '$.' || field);
-- The hash of several parts: each stands behind its length in eight bytes (SPEC.md, "Canonical form").
CREATE MACRO framed(part) AS unhex(printf('%016x', octet_length(part))) || part;
-- Python's str.strip, SPEC.md "Scores": white space of Unicode at both ends.
CREATE MACRO stripped(words) AS trim(words, chr(9) || chr(10) || chr(11) || chr(12) || chr(13)
    || chr(28) || chr(29) || chr(30) || chr(31) || chr(32) || chr(133) || chr(160) || chr(5760)
    || chr(8192) || chr(8193) || chr(8194) || chr(8195) || chr(8196) || chr(8197) || chr(8198)
    || chr(8199) || chr(8200) || chr(8201) || chr(8202) || chr(8232) || chr(8233) || chr(8239)
    || chr(8287) || chr(12288));
-- levenshtein() counts bytes. So each text is taken as the list of its code points; those that both
-- share become single bytes, all others one byte that the other text has not. The distance stays.
CREATE MACRO points(words) AS list_filter(string_split(words, ''), lambda c: c != '');
CREATE MACRO in_bytes(a, common, other) AS coalesce(array_to_string(list_transform(a,
    lambda c: chr(coalesce(nullif(list_position(common, c), 0), other)::INTEGER)), ''), '');
CREATE MACRO edits(a, b, common) AS CASE WHEN a = b THEN 0 WHEN len(common) <= 125
    THEN levenshtein(in_bytes(a, common, 126), in_bytes(b, common, 127)) END;

CREATE TABLE result (number INTEGER, "check" VARCHAR, expected VARCHAR, found VARCHAR, holds BOOLEAN);

-- 1. The log: its last checkpoint, its shards in their order, their lines.
CREATE TABLE checkpoint AS
    SELECT part[1] AS origin, part[2]::BIGINT AS size, lower(hex(from_base64(part[3]))) AS root
    FROM (SELECT string_split(content, chr(10)) AS part FROM read_text('ledger/log/*.checkpoint'))
    ORDER BY size DESC LIMIT 1;
CREATE TABLE shard AS
    SELECT place, named."group" AS folder, named.sha256 AS name, named.records AS records,
           (sum(named.records) OVER (ORDER BY number, place) - named.records)::BIGINT AS "first"
    FROM (SELECT number, unnest(shards) AS named, generate_subscripts(shards, 1) AS place
          FROM (SELECT said(content, 'number')::BIGINT AS number, said(content, 'size')::BIGINT AS size,
                       from_json(json_extract(content, '$.shards'),
                           '[{"group": "VARCHAR", "sha256": "VARCHAR", "records": "BIGINT"}]') AS shards
                FROM read_text('ledger/log/*.segment.json'))
          WHERE size <= (SELECT size FROM checkpoint));
CREATE TABLE content AS
    SELECT s."first", s.records, s.name, f.content
    FROM shard s LEFT JOIN read_text('ledger/shards/**/*.jsonl') f
        ON ends_with(replace(f.filename, '\', '/'), 'ledger/shards/' || s.folder || '/' || s.name || '.jsonl');
INSERT INTO result
    SELECT 1, 'shards whose bytes hash to their name', count(*)::VARCHAR,
           (count(*) FILTER (sha256(encode(content)) = name))::VARCHAR,
           bool_and(coalesce(sha256(encode(content)) = name, false))
    FROM content;
CREATE TABLE line AS
    SELECT "first" + place - 1 AS "position", "first" AS shard, said(canon, 'kind') AS kind, canon,
           unhex(sha256('\x00'::BLOB || encode(canon))) AS leaf
    FROM (SELECT "first", unnest(lines) AS canon, generate_subscripts(lines, 1) AS place
          FROM (SELECT "first", string_split(content, chr(10))[1:-2] AS lines FROM content));
INSERT INTO result
    SELECT 2, 'records in the shards', any_value(c.size)::VARCHAR, count(*)::VARCHAR,
           count(*) = any_value(c.size)
    FROM line, checkpoint c;

-- 2. The root of the hash tree, level by level (RFC 6962, section 2.1): SHA-256 of 0x01 and a pair;
--    who has no neighbour goes up as it is.
INSERT INTO result
    WITH RECURSIVE level (height, place, node) AS (
        SELECT 0, "position", leaf FROM line
        UNION ALL
        SELECT height + 1, place // 2,
               CASE count(*) WHEN 2
                    THEN unhex(sha256('\x01'::BLOB || min_by(node, place) || max_by(node, place)))
                    ELSE any_value(node) END
        FROM level WHERE (SELECT count(*) FROM level) > 1 GROUP BY height, place // 2
    )
    SELECT 3, 'root of the hash tree, as the last checkpoint says', c.root, lower(hex(top.node)),
           coalesce(c.root = lower(hex(top.node)), false)
    FROM checkpoint c LEFT JOIN (SELECT max_by(node, height) AS node FROM level) top ON true;

-- 3. ledger.duckdb shows these very records, and its columns say what their text says.
INSERT INTO result
    SELECT 4, 'records that ledger.duckdb shows otherwise', '0', count(*)::VARCHAR, count(*) = 0
    FROM line f FULL JOIN ledger.main.log t ON t."position" = f."position"
    WHERE f.canon IS DISTINCT FROM t.canon;
INSERT INTO result
    SELECT 5, 'records whose columns there say something else', '0', count(*)::VARCHAR, count(*) = 0
    FROM line f JOIN ledger.main.log t ON t."position" = f."position"
    WHERE (t.kind, t.run, t.request, t.result, t.sampling, t.stratum, t.finish, t."index"::VARCHAR, t.leaf)
          IS DISTINCT FROM
          (f.kind, said(f.canon, 'run'), said(f.canon, 'request'), said(f.canon, 'result'),
           said(f.canon, 'sampling'), said(f.canon, 'stratum'), said(f.canon, 'finish'), said(f.canon, 'index'),
           lower(hex(f.leaf)));

-- 4. Openings: what is shown is what was committed to (SPEC.md, "Commitments and openings").
CREATE TABLE opening AS
    SELECT l."position", o.field, unhex(o.salt) AS salt, o."text" AS words,
           coalesce(encode(o."text"), from_base64(o."base64")) AS bytes,
           said(l.canon, o.field) AS commitment
    FROM (SELECT beside.leaf AS named, unnest(beside.openings) AS o
          FROM (SELECT from_json(row, '{"leaf": "VARCHAR", "openings": [{"field": "VARCHAR",
                       "salt": "VARCHAR", "text": "VARCHAR", "base64": "VARCHAR"}]}') AS beside
                FROM (SELECT unnest(string_split(content, chr(10))[1:-2]) AS row
                      FROM read_text('ledger/**/*.jsonl')
                      WHERE contains(replace(filename, '\', '/'), 'ledger/openings/'))))
    LEFT JOIN line l ON lower(hex(l.leaf)) = named;
INSERT INTO result
    SELECT 6, 'texts and arrays that are opened, once each, and are what was committed to', count(*)::VARCHAR,
           (count(*) FILTER (opens))::VARCHAR, coalesce(bool_and(opens), true)
    FROM (SELECT coalesce(sha256(framed(encode('reprollm/commitment/v1')) || framed(salt)
                                 || framed(encode(field)) || framed(bytes)) = commitment
                          AND count(*) OVER (PARTITION BY "position", field) = 1, false) AS opens
          FROM opening WHERE bytes IS NOT NULL);
INSERT INTO result
    SELECT 7, 'openings that ledger.duckdb shows otherwise', '0', count(*)::VARCHAR, count(*) = 0
    FROM (SELECT * FROM opening WHERE bytes IS NOT NULL) f
    FULL JOIN ledger.main.opening t ON t."position" = f."position" AND t.field = f.field
    WHERE (f.salt, f.words, f.bytes) IS DISTINCT FROM (t.salt, t."text", coalesce(t.bytes, encode(t."text")));

-- 5. The scores. Records of one shard about one run speak of the answers before them in the log.
CREATE TABLE score AS
    SELECT l.shard, min(l."position") OVER (PARTITION BY l.shard) AS before, said(l.canon, 'run') AS run,
           said(l.canon, 'plan') AS plan, said(l.canon, 'score') AS score, said(l.canon, 'sampling') AS sampling,
           said(l.canon, 'level') AS "level", said(l.canon, 'stratum') AS stratum,
           said(l.canon, 'aggregation') AS aggregation, said(l.canon, 'value') AS "value",
           said(l.canon, 'n')::BIGINT AS n, said(l.canon, 'undefined')::BIGINT AS undefined,
           said(l.canon, 'runaway')::BIGINT AS runaway, said(l.canon, 'table_sha256') AS digest
    FROM line l WHERE l.kind = 'score';
CREATE TABLE begun AS
    SELECT said(canon, 'run') AS run, arg_min(said(canon, 'plan'), "position") AS plan,
           min("position") AS "position", false AS imported
    FROM line WHERE kind = 'start' GROUP BY run
    UNION ALL
    SELECT said(canon, 'import'), said(canon, 'import'), min("position"), true
    FROM line WHERE kind = 'import' GROUP BY ALL;
CREATE TABLE named AS
    SELECT DISTINCT s.shard, s.run, s.before, b.plan, b.imported,
           CASE WHEN b.imported THEN s.score ELSE unnest(from_json(json_extract(p.canon, '$.core.scores'), '["VARCHAR"]')) END AS score
    FROM score s JOIN begun b ON b.run = s.run AND b."position" < s.before
    LEFT JOIN line p ON p.kind = 'plan' AND said(p.canon, 'plan') = b.plan;
CREATE TABLE answer AS
    WITH subject AS (SELECT DISTINCT shard, run, before, plan, imported FROM named),
    planned AS (
        SELECT said(canon, 'plan') AS plan, said(canon, 'index')::BIGINT AS "index",
               min("position") AS asked, arg_min(canon, "position") AS canon
        FROM line WHERE kind = 'request' GROUP BY ALL
    ),
    given AS (
        SELECT s.shard, s.run, s.plan, said(l.canon, 'request') AS request, min(l."position") AS "position"
        FROM subject s JOIN line l ON l."position" < s.before
            AND l.kind = 'generation' AND said(l.canon, 'run') = s.run
        GROUP BY ALL
    )
    SELECT g.shard, g.run, p."index", g.request, said(p.canon, 'sampling') AS sampling,
           said(p.canon, 'stratum') AS stratum, said(l.canon, 'finish') = 'length' AS runaway,
           p.asked, g."position" AS answered, said(p.canon, 'reference') IS NOT NULL AS referenced
    FROM given g
    JOIN planned p ON p.plan = g.plan AND said(p.canon, 'request') = g.request
    JOIN line l ON l."position" = g."position"
    UNION ALL
    SELECT s.shard, s.run, said(l.canon, 'index')::BIGINT,
           sha256(framed(encode('reprollm/imported/v1')) || framed(encode(s.run))
                  || framed(encode(said(l.canon, 'index')))),
           said(l.canon, 'sampling'), said(l.canon, 'stratum'),
           coalesce(said(l.canon, 'finish') = 'length', false), l."position", l."position",
           said(l.canon, 'reference') IS NOT NULL AND said(l.canon, 'output') IS NOT NULL
    FROM subject s JOIN line l ON s.imported AND l."position" < s.before
        AND l.kind = 'imported' AND said(l.canon, 'import') = s.run;
CREATE TABLE item AS
    SELECT a.*, stripped(o.words) AS output, stripped(r.words) AS reference
    FROM answer a
    LEFT JOIN opening o ON o."position" = a.answered AND o.field = 'output'
    LEFT JOIN opening r ON r."position" = a.asked AND r.field = 'reference'
    WHERE a.referenced;
CREATE TABLE pair AS
    SELECT *, list_intersect(list_distinct(a), list_distinct(b)) AS common
    FROM (SELECT *, points(output) AS a, points(reference) AS b FROM item
          WHERE output IS NOT NULL AND reference IS NOT NULL);
CREATE TABLE scored AS
    SELECT i.shard, i.run, i."index", i.request, i.sampling, i.stratum, i.runaway, n.score,
           CASE n.score WHEN 'exact_match' THEN (i.output = i.reference)::BIGINT
                        WHEN 'character_error_rate' THEN edits(i.a, i.b, i.common) END AS numerator,
           CASE n.score WHEN 'exact_match' THEN 1 ELSE len(i.b) END AS denominator
    FROM pair i JOIN named n ON n.shard = i.shard AND n.run = i.run;
CREATE TABLE digest AS
    SELECT shard, run, score, bool_or(numerator IS NULL) AS beyond,
           sha256(unhex(hex(framed(encode('reprollm/scores/v1'))) || string_agg(hex(framed(encode(
               '{"denominator":' || denominator || ',"index":' || "index" || ',"numerator":' || numerator
               || ',"request":"' || request || '","runaway":' || runaway || ',"score":"' || score || '"}'
           ))), '' ORDER BY "index"))) AS digest
    FROM scored GROUP BY ALL;
CREATE TABLE summed AS
    WITH leveled AS (
        SELECT *, 'all' AS "level", NULL AS part FROM scored
        UNION ALL SELECT *, 'stratum', stratum FROM scored WHERE stratum IS NOT NULL
    ), counted AS (
        SELECT shard, run, score, sampling, "level", part AS stratum, count(*) AS n,
               count(*) FILTER (denominator = 0) AS undefined, count(*) FILTER (runaway) AS runaway,
               avg(numerator / denominator) FILTER (denominator != 0) AS mean_of_ratios,
               sum(numerator) FILTER (denominator != 0) / nullif(sum(denominator), 0) AS corpus,
               coalesce(bool_or(denominator > 1), false) AS fractions
        FROM leveled GROUP BY ALL
    )
    SELECT * EXCLUDE (mean_of_ratios, corpus, fractions), 'mean_of_ratios' AS aggregation,
           mean_of_ratios AS "value" FROM counted
    UNION ALL
    SELECT * EXCLUDE (mean_of_ratios, corpus, fractions), 'corpus', corpus FROM counted WHERE fractions;
-- What cannot be recomputed here, by shard and run: texts are withheld, or an error rate needs more
-- than 125 different shared characters.
CREATE TABLE withheld AS
    SELECT shard, run, count(*) FILTER (output IS NULL OR reference IS NULL) AS texts,
           coalesce((SELECT bool_or(d.beyond) FROM digest d WHERE d.shard = i.shard AND d.run = i.run), false)
               AS beyond
    FROM item i GROUP BY shard, run;
INSERT INTO result
    SELECT 8, coalesce(t.score, s.score) || ' (' || coalesce(t.aggregation, s.aggregation) || ') of '
              || coalesce(t.stratum, s.stratum, 'all answers') || ', sampling '
              || coalesce(t.sampling, s.sampling) || ', run ' || left(coalesce(t.run, s.run), 8)
              || ', over ' || coalesce(t.n, s.n) || ' answers',
           CASE WHEN t.run IS NULL THEN 'no such row' ELSE coalesce(printf('%.6f', t."value"), 'undefined') END,
           CASE WHEN s.run IS NULL THEN 'not recorded' ELSE coalesce(s."value", 'undefined') END,
           CASE WHEN w.beyond THEN NULL
                WHEN coalesce(t.n = s.n AND t.undefined = s.undefined AND t.runaway = s.runaway
                              AND d.digest = s.digest AND b.plan = s.plan AND s.times = 1
                              AND coalesce(abs(t."value" - s."value"::DOUBLE) <= 0.0000011,
                                           t."value" IS NULL AND s."value" IS NULL), false) THEN true
                WHEN w.texts > 0 THEN NULL ELSE false END
    FROM (SELECT *, count(*) OVER (PARTITION BY shard, run, score, sampling, "level", stratum, aggregation)
                 AS times FROM score) s
    FULL JOIN summed t ON t.shard = s.shard AND t.run = s.run AND t.score = s.score
        AND t.sampling = s.sampling AND t."level" = s."level" AND t.aggregation = s.aggregation
        AND t.stratum IS NOT DISTINCT FROM s.stratum
    LEFT JOIN digest d ON d.shard = s.shard AND d.run = s.run AND d.score = s.score
    LEFT JOIN begun b ON b.run = s.run AND b."position" < s.before
    LEFT JOIN withheld w ON w.shard = coalesce(t.shard, s.shard) AND w.run = coalesce(t.run, s.run);

-- 6. What needs more than SQL.
INSERT INTO result
    SELECT 9, kind || ' records: verify.py recomputes them', count(*)::VARCHAR, 'not recomputed here', NULL
    FROM line WHERE kind IN ('estimate', 'comparison', 'claim') GROUP BY kind;

.mode box
.maxrows 1000
SELECT "check", expected, found,
       CASE WHEN holds THEN 'yes' WHEN holds IS NULL THEN 'not checked' ELSE 'NO' END AS holds
FROM result ORDER BY number, "check";
SELECT CASE WHEN count(DISTINCT number) FILTER (number < 8) < 7
            THEN error('verify.sql: a part of it could not run; see the errors above')
            WHEN count(*) FILTER (holds = false) > 0
            THEN error('verify.sql: ' || count(*) FILTER (holds = false) || ' of ' || count(*)
                       || ' checks do NOT hold: ' || string_agg("check", '; ' ORDER BY number) FILTER (holds = false))
            ELSE 'all that was checked holds; not checked: ' || count(*) FILTER (holds IS NULL) || ' of '
                 || count(*) || ' rows' END AS verdict
FROM result;
