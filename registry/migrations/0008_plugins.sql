-- Uploaded plugins. Runs unchanged on PostgreSQL and on @supabase/lite. Owner and tenant are `tenant:` and an id, or
-- `host:all`.

-- One row is one version with all that belongs to it: it is there whole or not at all. The id is made of owner, name and
-- version, so that of several uploads of one version the first wins. Of a row only `deprecated` ever changes.
create table plugin_versions (
  id text primary key,
  owner text not null,
  name text not null,
  version text not null,
  digest text not null,
  manifest jsonb not null,
  about jsonb not null,
  deprecated jsonb,
  body text not null
);
create index plugin_versions_name on plugin_versions (name, owner);
create index plugin_versions_owner on plugin_versions (owner, id);
alter table plugin_versions enable row level security;
alter table plugin_versions force row level security;
grant select, insert, update on plugin_versions to service_role;

-- Where a channel was moved to, by the plugin's owner or by a tenant for its own runs. A channel `latest` without a row is the
-- highest version.
create table plugin_channels (
  id text primary key,
  tenant text not null,
  owner text not null,
  name text not null,
  channel text not null,
  version text not null,
  moved jsonb not null
);
create index plugin_channels_name on plugin_channels (name, owner);
alter table plugin_channels enable row level security;
alter table plugin_channels force row level security;
grant select, insert, update, delete on plugin_channels to service_role;
