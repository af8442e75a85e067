-- Scripts that ended their cell, and the code that is stopped for it. Runs unchanged on PostgreSQL and on @supabase/lite.

-- One row for each time a script ended its cell. Only ever added to: whoever has added a row and then counts sees it, so that
-- of several hosts that count at once at least one reaches the threshold.
create table cell_kills (
  id uuid primary key,
  time timestamptz not null,
  tenant text,
  version text not null,
  epoch integer not null,
  run_id text not null,
  workflow text not null,
  activity text not null,
  digest text not null,
  code text not null
);
create index cell_kills_version on cell_kills (version, epoch, time);
alter table cell_kills enable row level security;
alter table cell_kills force row level security;
grant select, insert on cell_kills to service_role;

-- Code that is, or was, stopped for a tenant. The id is made of tenant, version and epoch, so that only one of several hosts
-- can open a quarantine; a release closes the epoch, and with it ends the count of its kills.
create table quarantines (
  id text primary key,
  tenant text,
  version text not null,
  epoch integer not null,
  since timestamptz not null,
  kills integer not null,
  run_id text not null,
  workflow text not null,
  activity text not null,
  digest text not null,
  code text not null,
  released_at timestamptz,
  released_by text
);
create index quarantines_version on quarantines (version, epoch);
create index quarantines_since on quarantines (since);
alter table quarantines enable row level security;
alter table quarantines force row level security;
grant select, insert, update on quarantines to service_role;

-- What kind of event it is, and who did it where a person did.
alter table audit_events add column kind text not null default 'denied';
alter table audit_events add column actor text;
