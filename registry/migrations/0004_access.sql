-- Keys of the API, and what the audit tells of people. Runs unchanged on PostgreSQL and on @supabase/lite.

-- A key is shown once, when it is made; what is kept is the sha256 of its text, which is long and random enough to need no
-- salt. The prefix is the part by which it is found, and by which people tell keys apart. Rows are never removed: the audit
-- names them. Scopes are words with a blank between them; null: everything that the role may do.
create table api_keys (
  id uuid primary key,
  prefix text not null unique,
  hash text not null,
  name text not null,
  role text not null check (role in ('viewer', 'operator', 'developer', 'admin')),
  scopes text,
  tenant text,
  created_at timestamptz not null,
  created_by text not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  replaced_by uuid
);
create index api_keys_created on api_keys (created_at, id);
create index api_keys_tenant on api_keys (tenant, created_at);
alter table api_keys enable row level security;
alter table api_keys force row level security;
grant select, insert, update on api_keys to service_role;

-- What a caller of the API changed, or tried to: how the caller was known, what it was about (JSON of names and texts), and the
-- request. What is about no run has '' in the columns of runs.
alter table audit_events add column actor_kind text;
alter table audit_events add column target text;
alter table audit_events add column request_id text;
create index audit_events_time on audit_events (time, id);
create index cell_kills_time on cell_kills (time);

-- What is older than the operator wants it is removed by the host.
grant delete on audit_events to service_role;
grant delete on cell_kills to service_role;
