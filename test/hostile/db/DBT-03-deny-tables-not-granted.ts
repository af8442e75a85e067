import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'tables, schemas and embedded tables that are not granted are refused, however they are named',
  script: `${HEAD}
    export async function main(t) {
      const raw = (args) => $cloister.call('db.request', { target: { table: 'notes' }, method: 'GET', query: [], headers: {}, ...args });
      const selects = ['*,tenants(*)', 'x:audit_events(*)', '...tenants(id)', 'tenants!inner(id)', '"tenants"(id)', 'id,count(tenants(*))', ' tenants (*)', 'id::regclass', 'id::text::oid'];
      const tables = ['tenants', 'code_versions', 'audit_events', 'auth.users', 'pg_catalog.pg_class', 'pg_class', 'sqlite_master', '../auth/v1/admin', 'rpc/x', 'Notes', '__proto__', ''];
      return outcomes([
        ...selects.flatMap((select) => [raw({ query: [['select', select]] }), raw({ query: [['notes.select', select]] })]), raw({ query: [['order', 'tenants(id)']] }),
        ...tables.map((table) => raw({ target: { table } })),
        ...['accept-profile', 'content-profile'].flatMap((name) => ['auth', 'public'].map((schema) => raw({ headers: { [name]: schema } }))),
      ]);
    }`,
  returns: ['DENIED'],
};
