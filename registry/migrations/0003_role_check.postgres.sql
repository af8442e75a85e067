-- Tells the host what would void row-level security for the calls of scripts. PostgreSQL only: the embedded SQLite has neither
-- functions nor roles, and leaves files of this ending out. The host calls it at every start, as a script's call would reach
-- the database, and does not serve while there is a row. Names are schema.table; the codes are known to the host.
create function cloister_role_check() returns table (code text, name text)
  language sql stable security invoker set search_path = ''
as $$
  with reached as (
    select c.oid, n.nspname || '.' || c.relname as name, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relowner,
      exists (
        select from pg_catalog.pg_options_to_table(c.reloptions) o
        where o.option_name = 'security_invoker' and o.option_value::boolean
      ) as as_invoker
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
      and n.nspname <> 'information_schema' and n.nspname not like 'pg\_%'
      and pg_catalog.has_schema_privilege(n.oid, 'usage')
      and (
        pg_catalog.has_any_column_privilege(c.oid, 'select, insert, update')
        or pg_catalog.has_table_privilege(c.oid, 'delete, truncate')
      )
      and (
        (n.nspname = 'public' and c.relname in (
          'notes', 'tenants', 'code_versions', 'audit_events', 'cell_kills', 'quarantines', 'chores', 'api_keys',
          'idempotency_keys', 'run_logs', 'webhook_deliveries',
          'plugin_versions', 'plugin_channels', 'projects', 'workflow_statuses', 'workflows', 'compiled_workflows',
          'components', 'workflow_workers', 'leases'
        ))
        or exists (
          select from pg_catalog.pg_attribute a
          where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
        )
      )
  )
  select 'ROLE_SUPERUSER', r.rolname::text from pg_catalog.pg_roles r where r.rolname = current_user and r.rolsuper
  union all
  select 'ROLE_BYPASSES', r.rolname::text from pg_catalog.pg_roles r where r.rolname = current_user and r.rolbypassrls
  union all
  select 'NO_TIME_LIMIT', current_user::text where pg_catalog.current_setting('statement_timeout') = '0'
  union all
  select 'RLS_OFF', t.name from reached t where t.relkind in ('r', 'p') and not t.relrowsecurity
  union all
  select 'RLS_NOT_FORCED', t.name from reached t
  where t.relkind in ('r', 'p') and t.relrowsecurity and not t.relforcerowsecurity
    and pg_catalog.pg_has_role(t.relowner, 'usage')
  union all
  select 'VIEW_AS_OWNER', t.name from reached t where t.relkind = 'v' and not t.as_invoker
  union all
  select 'RLS_IMPOSSIBLE', t.name from reached t where t.relkind in ('m', 'f')
  union all
  select 'POLICY_OPEN', t.name || ' ' || p.polname
  from reached t join pg_catalog.pg_policy p on p.polrelid = t.oid
  where p.polpermissive
    and exists (
      select from unnest(p.polroles) role (id)
      where role.id = 0 or pg_catalog.pg_has_role(role.id, 'usage')
    )
    and exists (
      select from (values (p.polqual), (p.polwithcheck)) part (rule)
      where part.rule is not null and pg_catalog.pg_get_expr(part.rule, p.polrelid) not like '%tenant\_id%'
        -- The builder lets its people read their own rows. The token of a script names nobody, so it reads none. Who writes
        -- them would choose the tenant that the code runs as.
        and not (
          p.polcmd = 'r' and t.name in (
            'public.projects', 'public.workflow_statuses', 'public.workflows', 'public.compiled_workflows',
            'public.components', 'public.workflow_workers'
          )
          and pg_catalog.pg_get_expr(part.rule, p.polrelid) like '%auth.uid()%'
        )
    )
$$;
revoke execute on function cloister_role_check() from public, anon;
grant execute on function cloister_role_check() to authenticated, service_role;
