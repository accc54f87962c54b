-- The emulation on plain PostgreSQL: range-partitioned tables, incrementally refreshed tables with a watermark, jobs.
-- Every statement may be run again at any time. Functions that stand for TimescaleDB's own carry its names and live in
-- `public`, where the extension would put them, so that queries are the same text on both engines.

CREATE TABLE IF NOT EXISTS tsdb.hypertable (
  schema_name    text NOT NULL,
  table_name     text NOT NULL,
  time_column    text NOT NULL,
  chunk_interval interval NOT NULL,
  hash_column    text,
  hash_partitions int,
  PRIMARY KEY (schema_name, table_name)
);
ALTER TABLE tsdb.hypertable ADD COLUMN IF NOT EXISTS hash_column text, ADD COLUMN IF NOT EXISTS hash_partitions int;

-- `refresh_query` is the declared SELECT over one window: $1 is its inclusive start, $2 its exclusive end.
CREATE TABLE IF NOT EXISTS tsdb.continuous_aggregate (
  schema_name     text NOT NULL,
  view_name       text NOT NULL,
  source_schema   text NOT NULL,
  source_name     text NOT NULL,
  source_time     text NOT NULL,
  bucket_width    interval NOT NULL,
  materialization text NOT NULL,
  refresh_query   text NOT NULL,
  real_time       boolean NOT NULL,
  watermark       timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (schema_name, view_name)
);

CREATE TABLE IF NOT EXISTS tsdb.job (
  job_id            int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind              text NOT NULL CHECK (kind IN ('refresh', 'retention', 'chunks')),
  schema_name       text NOT NULL,
  object_name       text NOT NULL,
  start_offset      interval,
  end_offset        interval,
  drop_after        interval,
  schedule_interval interval NOT NULL,
  next_start        timestamptz NOT NULL DEFAULT now(),
  last_started_at   timestamptz,
  last_finished_at  timestamptz,
  last_error        text,
  total_runs        bigint NOT NULL DEFAULT 0,
  total_failures    bigint NOT NULL DEFAULT 0,
  UNIQUE (kind, schema_name, object_name)
);

-- Not STRICT, although it gives NULL for NULL: a strict function of this form would not be inlined, and ten times slower.
-- Start of the bucket that holds ts. Buckets count from a Monday (weeks start on Monday) or, for months, from a January.
CREATE OR REPLACE FUNCTION public.time_bucket(bucket_width interval, ts timestamptz) RETURNS timestamptz
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN extract(year FROM bucket_width) = 0 AND extract(month FROM bucket_width) = 0
      THEN date_bin(bucket_width, ts, '2000-01-03 00:00:00+00'::timestamptz)
    -- Through timestamp without time zone: adding months to a timestamptz would follow the session's time zone.
    ELSE (timestamp '2000-01-01'
          + floor(((extract(year FROM ts AT TIME ZONE 'UTC') - 2000) * 12 + extract(month FROM ts AT TIME ZONE 'UTC') - 1)
                  / (extract(year FROM bucket_width) * 12 + extract(month FROM bucket_width)))::int
            * bucket_width) AT TIME ZONE 'UTC'
  END
$$;

-- first(value, time) and last(value, time): the value of the earliest or latest row. The state is the row so far as text,
-- because an SQL aggregate cannot hold a value of any type; the final function turns it back. Rows without a time are left out.
CREATE OR REPLACE FUNCTION tsdb.keep_first(state text[], value anyelement, at timestamptz) RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN at IS NULL OR (state IS NOT NULL AND state[1]::timestamptz <= at) THEN state ELSE ARRAY[at::text, value::text] END
$$;
CREATE OR REPLACE FUNCTION tsdb.keep_last(state text[], value anyelement, at timestamptz) RETURNS text[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN at IS NULL OR (state IS NOT NULL AND state[1]::timestamptz >= at) THEN state ELSE ARRAY[at::text, value::text] END
$$;
CREATE OR REPLACE FUNCTION tsdb.kept_value(state text[], value anyelement, at timestamptz) RETURNS anyelement
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  value := state[2];
  RETURN value;
END $$;
CREATE OR REPLACE AGGREGATE public.first(anyelement, timestamptz) (
  sfunc = tsdb.keep_first, stype = text[], finalfunc = tsdb.kept_value, finalfunc_extra, parallel = safe);
CREATE OR REPLACE AGGREGATE public.last(anyelement, timestamptz) (
  sfunc = tsdb.keep_last, stype = text[], finalfunc = tsdb.kept_value, finalfunc_extra, parallel = safe);

-- Up to where an aggregate is materialised; -infinity before its first refresh. With the rights of its owner: functions in a
-- view run as the reader, who may not see the table behind it.
CREATE OR REPLACE FUNCTION tsdb.watermark(schema_name text, view_name text) RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce((SELECT c.watermark FROM tsdb.continuous_aggregate c WHERE c.schema_name = $1 AND c.view_name = $2), '-infinity')
$$;

-- The chunks of all hypertables with their ranges, read from the catalog. A default partition has no range and is left out.
CREATE OR REPLACE VIEW tsdb.chunk AS
  SELECT h.schema_name, h.table_name, c.oid::regclass AS chunk,
         (regexp_match(pg_get_expr(c.relpartbound, c.oid), $r$FROM \('([^']+)'\)$r$))[1]::timestamptz AS range_start,
         (regexp_match(pg_get_expr(c.relpartbound, c.oid), $r$TO \('([^']+)'\)$r$))[1]::timestamptz AS range_end
    FROM tsdb.hypertable h
    JOIN pg_namespace n ON n.nspname = h.schema_name
    JOIN pg_class p ON p.relnamespace = n.oid AND p.relname = h.table_name
    JOIN pg_inherits i ON i.inhparent = p.oid
    JOIN pg_class c ON c.oid = i.inhrelid
   WHERE pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT';

-- Makes the chunks that cover [from_time, to_time] and moves rows that waited for them out of the default partition.
-- Returns how many were made. Safe to call from several sessions at once.
-- With the rights of its owner: who may write rows may not create tables. So it names nothing but what tsdb.hypertable holds,
-- looks up nothing in the caller's path, reads times as it writes them whatever the caller has set, and is bounded.
CREATE OR REPLACE FUNCTION tsdb.ensure_chunks(schema_name text, table_name text, from_time timestamptz, to_time timestamptz)
  RETURNS int LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET intervalstyle = 'postgres' AS $$
DECLARE
  most   CONSTANT int := 4000;
  h      tsdb.hypertable;
  bare   tstzmultirange;
  gap    tstzrange;
  cursor_at timestamptz;
  chunk_end timestamptz;
  chunk  text;
  made   int := 0;
BEGIN
  SELECT * INTO STRICT h FROM tsdb.hypertable x
    WHERE x.schema_name = ensure_chunks.schema_name AND x.table_name = ensure_chunks.table_name;
  IF from_time IS NULL OR to_time IS NULL OR NOT isfinite(from_time) OR NOT isfinite(to_time) THEN
    RAISE EXCEPTION 'chunks of %.% are made for a range with two ends', h.schema_name, h.table_name USING ERRCODE = '22023';
  END IF;
  -- One maker at a time per table: two would both find a chunk missing.
  PERFORM pg_advisory_xact_lock(hashtextextended(format('tsdb.ensure_chunks %s.%s', schema_name, table_name), 0));
  -- What has no chunk yet, read once. After a change of the interval old chunks leave gaps that are filled up to the next one.
  SELECT tstzmultirange(tstzrange(public.time_bucket(h.chunk_interval, from_time), public.time_bucket(h.chunk_interval, to_time) + h.chunk_interval))
         - coalesce(range_agg(tstzrange(c.range_start, c.range_end)), '{}')
    INTO bare FROM tsdb.chunk c WHERE c.schema_name = h.schema_name AND c.table_name = h.table_name;
  -- Before the first is made: taking back thousands of tables takes long, too.
  IF (SELECT sum(extract(epoch FROM upper(g)) - extract(epoch FROM lower(g))) FROM unnest(bare) g) > most * extract(epoch FROM h.chunk_interval) THEN
    RAISE EXCEPTION 'the range % to % needs more than % new chunks of %.%', from_time, to_time, most, h.schema_name, h.table_name
      USING ERRCODE = '54000', HINT = 'Are the times right? If so, write shorter ranges one after the other, or declare a longer chunk interval.';
  END IF;
  FOR gap IN SELECT unnest(bare) LOOP
    cursor_at := lower(gap);
    WHILE cursor_at < upper(gap) LOOP
      chunk_end := least(upper(gap), public.time_bucket(h.chunk_interval, cursor_at) + h.chunk_interval);
      chunk := format('%s_%s_%s', h.schema_name, h.table_name, to_char(cursor_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS'));
      IF octet_length(chunk) > 60 THEN
        RAISE EXCEPTION 'chunk name % is longer than 60 bytes', chunk USING HINT = 'Shorten the name of the table or its schema.';
      END IF;
      -- CREATE and ATTACH instead of PARTITION OF: readers go on. Writers wait for an instant, at the parent: one that was
      -- already routed to the default partition would fail when its range is taken away from there.
      EXECUTE format('CREATE TABLE tsdb.%I (LIKE %I.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', chunk, h.schema_name, h.table_name)
        || CASE WHEN h.hash_column IS NULL THEN '' ELSE format(' PARTITION BY HASH (%I)', h.hash_column) END;
      FOR remainder IN 0 .. coalesce(h.hash_partitions, 0) - 1 LOOP
        EXECUTE format('CREATE TABLE tsdb.%I PARTITION OF tsdb.%I FOR VALUES WITH (MODULUS %s, REMAINDER %s)',
                       format('%s_%s', chunk, remainder), chunk, h.hash_partitions, remainder);
      END LOOP;
      EXECUTE format('LOCK TABLE ONLY %I.%I IN SHARE ROW EXCLUSIVE MODE', h.schema_name, h.table_name);
      EXECUTE format('WITH moved AS (DELETE FROM tsdb.%I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO tsdb.%I SELECT * FROM moved',
                     format('%s_%s_default', h.schema_name, h.table_name), h.time_column, cursor_at, h.time_column, chunk_end, chunk);
      EXECUTE format('ALTER TABLE %I.%I ATTACH PARTITION tsdb.%I FOR VALUES FROM (%L) TO (%L)', h.schema_name, h.table_name, chunk, cursor_at, chunk_end);
      made := made + 1;
      cursor_at := chunk_end;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;
REVOKE ALL ON FUNCTION tsdb.ensure_chunks(text, text, timestamptz, timestamptz) FROM PUBLIC;

-- Drops the chunks that lie wholly before older_than, and stray rows of that age. Returns how many chunks were dropped.
CREATE OR REPLACE FUNCTION tsdb.drop_expired(schema_name text, table_name text, older_than timestamptz)
  RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  h tsdb.hypertable;
  expired regclass;
  dropped int := 0;
BEGIN
  SELECT * INTO STRICT h FROM tsdb.hypertable x
    WHERE x.schema_name = drop_expired.schema_name AND x.table_name = drop_expired.table_name;
  FOR expired IN SELECT c.chunk FROM tsdb.chunk c
    WHERE c.schema_name = h.schema_name AND c.table_name = h.table_name AND c.range_end <= older_than ORDER BY c.range_start
  LOOP
    EXECUTE format('DROP TABLE %s', expired);
    dropped := dropped + 1;
  END LOOP;
  EXECUTE format('DELETE FROM tsdb.%I WHERE %I < %L', format('%s_%s_default', h.schema_name, h.table_name), h.time_column, older_than);
  RETURN dropped;
END $$;

-- Computes the buckets that lie wholly inside the window again and moves the watermark. A NULL bound is open.
CREATE OR REPLACE PROCEDURE public.refresh_continuous_aggregate(continuous_aggregate regclass, window_start timestamptz, window_end timestamptz)
  LANGUAGE plpgsql AS $$
DECLARE
  a tsdb.continuous_aggregate;
  from_time timestamptz := coalesce(window_start, '-infinity');
  to_time   timestamptz;
  newest    timestamptz;
BEGIN
  -- FOR UPDATE: refreshes of one aggregate take turns, readers are not held up.
  SELECT x.* INTO a FROM tsdb.continuous_aggregate x
    JOIN pg_class c ON c.relname = x.view_name JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = x.schema_name
    WHERE c.oid = continuous_aggregate FOR UPDATE OF x;
  IF NOT FOUND THEN
    RAISE EXCEPTION '"%" is not a continuous aggregate', continuous_aggregate USING ERRCODE = '0A000';
  END IF;
  EXECUTE format('SELECT public.time_bucket(%L, max(%I)) + %L::interval FROM %I.%I', a.bucket_width, a.source_time, a.bucket_width, a.source_schema, a.source_name)
    INTO newest;
  IF isfinite(from_time) AND public.time_bucket(a.bucket_width, from_time) < from_time THEN
    from_time := public.time_bucket(a.bucket_width, from_time) + a.bucket_width;
  END IF;
  -- Never past the newest row: the watermark would hide rows that arrive later. What is stored beyond it is of rows that are gone.
  to_time := least(public.time_bucket(a.bucket_width, window_end), greatest(newest, a.watermark));
  IF window_end IS NOT NULL AND from_time >= public.time_bucket(a.bucket_width, window_end) THEN
    RAISE EXCEPTION 'refresh window too small' USING ERRCODE = '22023',
      DETAIL = 'The refresh window must cover at least one bucket of data.', HINT = 'Align the refresh window with the bucket time zone or use at least two buckets.';
  END IF;
  IF newest IS NULL THEN
    to_time := coalesce(public.time_bucket(a.bucket_width, window_end), a.watermark);
  END IF;
  -- Nothing is materialised from the watermark on: starting later would leave a gap that nobody sees or fills.
  from_time := least(from_time, a.watermark);
  IF from_time < to_time THEN
    EXECUTE format('DELETE FROM tsdb.%I WHERE "bucket" >= $1 AND "bucket" < $2', a.materialization) USING from_time, to_time;
    EXECUTE format('INSERT INTO tsdb.%I %s', a.materialization, a.refresh_query) USING from_time, to_time;
    IF newest IS NOT NULL THEN
      UPDATE tsdb.continuous_aggregate x SET watermark = greatest(x.watermark, to_time)
        WHERE x.schema_name = a.schema_name AND x.view_name = a.view_name;
    END IF;
  END IF;
END $$;
