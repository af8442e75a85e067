-- Tables of Cloister. Runs unchanged on PostgreSQL with the roles of Supabase and on @supabase/lite.
-- Every table has row-level security: a role without a policy sees and writes nothing. The role service_role
-- bypasses it; only the host holds its key, and no call of a script ever uses it. (No REVOKE here: @supabase/lite cannot
-- read it, and without a policy a grant opens no row.)

-- Sample of a tenant's table. The tenant is part of the key: an id that another tenant uses neither collides
-- (which would tell that it exists) nor is overwritten by an upsert.
create table notes (
  id uuid not null default gen_random_uuid(),
  tenant_id text not null,
  body jsonb,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
alter table notes enable row level security;
alter table notes force row level security;
create policy notes_select on notes for select to authenticated
  using (tenant_id = auth.jwt() ->> 'tenant_id');
create policy notes_insert on notes for insert to authenticated
  with check (tenant_id = auth.jwt() ->> 'tenant_id');
create policy notes_update on notes for update to authenticated
  using (tenant_id = auth.jwt() ->> 'tenant_id')
  with check (tenant_id = auth.jwt() ->> 'tenant_id');
create policy notes_delete on notes for delete to authenticated
  using (tenant_id = auth.jwt() ->> 'tenant_id');
grant select, insert, update, delete on notes to authenticated, service_role;

-- Tenants and what each is granted. Values of secrets inside settings are encrypted by the host.
create table tenants (
  id text primary key,
  name text not null,
  organization_id text not null,
  settings jsonb not null default '{}'
);
alter table tenants enable row level security;
alter table tenants force row level security;
grant select, insert, update, delete on tenants to service_role;

-- Built bundles and plans by digest: base64 of gzip of JSON text.
create table code_versions (
  digest text primary key,
  kind text not null check (kind in ('bundle', 'plan')),
  body text not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz not null default now()
);
alter table code_versions enable row level security;
alter table code_versions force row level security;
grant select, insert, update, delete on code_versions to service_role;

-- Refused calls: who and which code, never what was asked for.
create table audit_events (
  id uuid primary key default gen_random_uuid(),
  time timestamptz not null default now(),
  tenant text,
  run_id text not null,
  workflow text not null,
  activity text not null,
  digest text not null,
  code text not null,
  method text not null
);
create index audit_events_tenant_time on audit_events (tenant, time);
alter table audit_events enable row level security;
alter table audit_events force row level security;
grant select, insert on audit_events to service_role;
