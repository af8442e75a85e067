-- Where the Workflow Builder has made its tables already, they stay as they are and get the columns that a host needs beside.
-- PostgreSQL only (SQLite has no `add column if not exists`), and nothing at all happens to a database without them: 0009_projects
-- makes the tables next. Nothing is taken away or rewritten, so every new column may be empty or has a value to begin with.
alter table if exists projects
  add column if not exists task_queue_name text,
  add column if not exists name text,
  add column if not exists kebab_name text,
  add column if not exists user_id uuid,
  add column if not exists tenant_id text,
  add column if not exists worker_desired text not null default 'stopped',
  add column if not exists worker_slots integer not null default 1,
  add column if not exists auto_restart boolean not null default true,
  add column if not exists is_active boolean not null default true,
  add column if not exists activities text not null default 'pinned',
  add column if not exists declaration jsonb,
  add column if not exists created_at timestamptz,
  add column if not exists updated_at timestamptz;
alter table if exists workflows
  add column if not exists project_id uuid,
  add column if not exists name text,
  add column if not exists kebab_name text,
  add column if not exists status_id uuid,
  add column if not exists is_active boolean default true,
  add column if not exists definition jsonb,
  add column if not exists compiled_typescript text,
  add column if not exists compiled_at timestamptz,
  add column if not exists created_at timestamptz,
  add column if not exists updated_at timestamptz;
alter table if exists compiled_workflows
  add column if not exists workflow_id uuid,
  add column if not exists version text,
  add column if not exists workflow_code text,
  add column if not exists activities_code text,
  add column if not exists worker_code text,
  add column if not exists is_active boolean,
  add column if not exists digest text,
  add column if not exists created_at timestamptz;
alter table if exists components
  add column if not exists name text,
  add column if not exists implementation_code text,
  add column if not exists implementation_language text,
  add column if not exists is_active boolean,
  add column if not exists project_id uuid,
  add column if not exists version text,
  add column if not exists created_at timestamptz,
  add column if not exists updated_at timestamptz;
alter table if exists workflow_workers
  add column if not exists host text,
  add column if not exists process_id text,
  add column if not exists stopped_at timestamptz,
  add column if not exists last_heartbeat timestamptz,
  add column if not exists metadata jsonb,
  add column if not exists slot integer,
  add column if not exists lease_fence bigint,
  add column if not exists created_at timestamptz,
  add column if not exists updated_at timestamptz;
