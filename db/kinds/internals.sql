-- What the reconciler keeps in the database on either engine. Every statement may be run again at any time.
CREATE SCHEMA IF NOT EXISTS tsdb;

-- One row per step that was run. A step that runs outside a transaction has no finished_at until it ended.
CREATE TABLE IF NOT EXISTS tsdb.journal (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run         uuid NOT NULL,
  step        text NOT NULL,
  statements  text[] NOT NULL,
  started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  error       text
);

-- Aggregates that were created and not yet filled with their history. The row is written with the aggregate and removed
-- after the refresh, so that an interrupted run finds what is left to do.
CREATE TABLE IF NOT EXISTS tsdb.pending_refresh (
  aggregate text PRIMARY KEY,
  since     timestamptz NOT NULL DEFAULT now()
);

-- Files that were imported, by a digest of their bytes and of how they were mapped: the same import twice is refused.
CREATE TABLE IF NOT EXISTS tsdb.import (
  digest      text PRIMARY KEY,
  file        text NOT NULL,
  target      text NOT NULL,
  row_count   bigint NOT NULL,
  imported_at timestamptz NOT NULL DEFAULT now()
);
