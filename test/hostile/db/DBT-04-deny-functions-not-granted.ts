import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'functions that are not granted are refused, by the builder and by hand',
  script: `${HEAD}
    export async function main(t) {
      const raw = (args) => $cloister.call('db.request', { target: { table: 'notes' }, method: 'GET', query: [], headers: {}, ...args });
      const names = ['set_config', 'pg_sleep', 'dblink', 'pg_read_file', 'lo_import', 'cloister_role_check', 'notes', 'auth.jwt', '../notes', ''];
      const refused = await Promise.all(names.filter((name) => /^\\w/.test(name)).map((name) => db.rpc(name, { command: 'COPY notes TO PROGRAM $$id$$' }).then(({ error }) => error?.code)));
      return [[...new Set(refused)], await outcomes(names.flatMap((fn) => ['GET', 'POST'].map((method) => raw({ target: { fn }, method, body: '{}' }))))];
    }`,
  returns: [['DENIED'], ['DENIED']],
};
