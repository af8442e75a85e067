-- Events that were delivered to triggers. Runs unchanged on PostgreSQL and on @supabase/lite.

-- One row for each event that was to start a run. The id is made of the trigger and of what makes the event one and the same,
-- so that of several hosts only one claims it, and a delivery that comes again finds what the first one led to. `claim` holds
-- the workflow id and the request id of the start, as base64 of JSON text. `state`: `claimed`, somebody starts the run since
-- `claimed_at`; `open`, nobody knows whether it was started, and nobody is at it; `started`, with the run's id; `deduplicated`,
-- a run under that workflow id was running.
create table webhook_deliveries (
  id text primary key,
  state text not null,
  claimed_at timestamptz not null,
  claim text not null,
  run_id text
);
create index webhook_deliveries_claimed_at on webhook_deliveries (claimed_at);
alter table webhook_deliveries enable row level security;
alter table webhook_deliveries force row level security;
grant select, insert, update, delete on webhook_deliveries to service_role;
