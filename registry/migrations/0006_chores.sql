-- What hosts do beside runs, and which of them does it. Runs unchanged on PostgreSQL and on @supabase/lite.

-- One row for each chore. Every write names the version that it changes, so that of several hosts only one takes a chore at a
-- time; a claim that its host no longer renews lapses. `slot` is the time of the schedule that was taken last: a host that comes
-- to it later finds it done. `last` is base64 of JSON: how the last run went.
create table chores (
  id text primary key,
  version integer not null,
  claim text,
  claimed_until timestamptz,
  slot timestamptz,
  last text
);
alter table chores enable row level security;
alter table chores force row level security;
grant select, insert, update on chores to service_role;
