-- Two views for people who look at the database of a host. PostgreSQL 15 or later; no migration, for the embedded database has no
-- views of this kind: run it once, as the owner of the tables, with psql or in Supabase's editor. It may be run again.
--
-- Both read as whoever asks (`security_invoker`), so row-level security holds: the service role sees all, others what policies of
-- yours let them. `GET /workers?scope=all` tells the same of running workers on every database.
create or replace view running_workers with (security_invoker = true) as
  select worker_id, project_id, status, started_at, last_heartbeat,
    extract(epoch from (now() - last_heartbeat)) as seconds_since_heartbeat
  from workflow_workers
  where status = 'running';

create or replace view project_workflows with (security_invoker = true) as
  select w.id, w.project_id, w.kebab_name, w.is_active, s.name as status
  from workflows w left join workflow_statuses s on s.id = w.status_id;

revoke all on running_workers, project_workflows from public, anon, authenticated;
grant select on running_workers, project_workflows to service_role;
