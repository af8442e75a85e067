-- What the API keeps about runs beside Temporal. Runs unchanged on PostgreSQL and on @supabase/lite. Bodies are base64 of JSON
-- text: lite reads a text that looks like JSON as JSON, and PostgreSQL's text takes no \u0000.

-- Starts under an Idempotency-Key. The id is made of the caller's tenant and the key, so that of several hosts only one claims
-- it; the fingerprint is of all that was asked for. Without an answer the start is under way, or was cut off.
create table idempotency_keys (
  id text primary key,
  fingerprint text not null,
  claim text not null,
  answer text,
  created_at timestamptz not null
);
create index idempotency_keys_created_at on idempotency_keys (created_at);
alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
grant select, insert, update, delete on idempotency_keys to service_role;

-- What scripts logged. `seq` orders the lines of a run.
create table run_logs (
  id uuid primary key,
  run_id text not null,
  activity text not null,
  attempt integer not null,
  seq bigint not null,
  time timestamptz not null,
  level text not null,
  body text not null
);
create index run_logs_run_id on run_logs (run_id, seq);
create index run_logs_time on run_logs (time);
alter table run_logs enable row level security;
alter table run_logs force row level security;
grant select, insert, delete on run_logs to service_role;
