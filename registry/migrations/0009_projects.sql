-- Projects of the Workflow Builder and the workers that run them. Runs unchanged on PostgreSQL and on @supabase/lite, and leaves
-- tables that the builder has made before as they are (0009_builder.postgres.sql). Every time is written by the host.

-- A tenant's unit of deployment: one task queue, its workflows, its activities.
create table if not exists projects (
  id uuid primary key,
  task_queue_name text not null unique,
  name text not null,
  kebab_name text not null,
  user_id uuid,
  tenant_id text not null,
  worker_desired text not null default 'stopped' check (worker_desired in ('running', 'stopped')),
  worker_slots integer not null default 1 check (worker_slots > 0),
  auto_restart boolean not null default true,
  is_active boolean not null default true,
  activities text not null default 'pinned' check (activities in ('pinned', 'latest')),
  declaration jsonb,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index if not exists projects_tenant_id on projects (tenant_id);
create index if not exists projects_worker_desired on projects (worker_desired);

-- Seeded where there is none: a builder brings its own.
create table if not exists workflow_statuses (
  id uuid primary key,
  name text not null unique
);
insert into workflow_statuses (id, name) select '5c1e0f4a-0b8e-4c56-9d0a-3f0d1f6a0001', 'active'
  where not exists (select 1 from workflow_statuses);
insert into workflow_statuses (id, name) select '5c1e0f4a-0b8e-4c56-9d0a-3f0d1f6a0002', 'draft'
  where exists (select 1 from workflow_statuses where id = '5c1e0f4a-0b8e-4c56-9d0a-3f0d1f6a0001');
insert into workflow_statuses (id, name) select '5c1e0f4a-0b8e-4c56-9d0a-3f0d1f6a0003', 'inactive'
  where exists (select 1 from workflow_statuses where id = '5c1e0f4a-0b8e-4c56-9d0a-3f0d1f6a0001');
insert into workflow_statuses (id, name) select '5c1e0f4a-0b8e-4c56-9d0a-3f0d1f6a0004', 'archived'
  where exists (select 1 from workflow_statuses where id = '5c1e0f4a-0b8e-4c56-9d0a-3f0d1f6a0001');

create table if not exists workflows (
  id uuid primary key,
  project_id uuid references projects (id) on delete cascade,
  name text not null,
  kebab_name text,
  status_id uuid references workflow_statuses (id),
  is_active boolean default true,
  definition jsonb,
  compiled_typescript text,
  compiled_at timestamptz,
  created_at timestamptz,
  updated_at timestamptz
);
create index if not exists workflows_project_id on workflows (project_id, status_id);

-- History of compilations; of a row only `is_active` ever changes.
create table if not exists compiled_workflows (
  id uuid primary key,
  workflow_id uuid references workflows (id) on delete cascade,
  version text,
  workflow_code text,
  activities_code text,
  worker_code text,
  is_active boolean,
  digest text,
  created_at timestamptz
);
create index if not exists compiled_workflows_workflow_id on compiled_workflows (workflow_id, created_at);

-- Custom activities. Without a project: offered to every project by the operator.
create table if not exists components (
  id uuid primary key,
  name text,
  implementation_code text,
  implementation_language text,
  is_active boolean,
  project_id uuid references projects (id) on delete cascade,
  version text,
  created_at timestamptz,
  updated_at timestamptz
);
create index if not exists components_project_id on components (project_id);
create index if not exists components_name on components (name);

-- One row for each life of a project worker. `stopped` and `failed` are final.
create table if not exists workflow_workers (
  id uuid primary key,
  worker_id text not null unique,
  project_id uuid references projects (id) on delete cascade,
  task_queue_name text not null,
  status text not null check (status in ('starting', 'running', 'stopping', 'stopped', 'failed')),
  host text,
  process_id text,
  started_at timestamptz not null,
  stopped_at timestamptz,
  last_heartbeat timestamptz,
  metadata jsonb,
  slot integer,
  lease_fence bigint,
  created_at timestamptz,
  updated_at timestamptz
);
create index if not exists workflow_workers_project_id on workflow_workers (project_id, started_at);
create index if not exists workflow_workers_status on workflow_workers (status);

-- Who runs what until when. `fence` counts the holders: of several hosts that take a lease at once only one changes the row that
-- it has read.
create table if not exists leases (
  resource text primary key,
  holder text,
  host text,
  fence bigint not null,
  acquired_at timestamptz,
  renewed_at timestamptz,
  expires_at timestamptz
);

alter table projects enable row level security;
alter table projects force row level security;
grant select, insert, update, delete on projects to service_role;
alter table workflow_statuses enable row level security;
alter table workflow_statuses force row level security;
grant select, insert, update, delete on workflow_statuses to service_role;
alter table workflows enable row level security;
alter table workflows force row level security;
grant select, insert, update, delete on workflows to service_role;
alter table compiled_workflows enable row level security;
alter table compiled_workflows force row level security;
grant select, insert, update, delete on compiled_workflows to service_role;
alter table components enable row level security;
alter table components force row level security;
grant select, insert, update, delete on components to service_role;
alter table workflow_workers enable row level security;
alter table workflow_workers force row level security;
grant select, insert, update, delete on workflow_workers to service_role;
alter table leases enable row level security;
alter table leases force row level security;
grant select, insert, update, delete on leases to service_role;
