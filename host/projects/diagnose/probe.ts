/** Asks the database whether a host can work with it: one read of each table of projects, one write. */
import { randomUUID } from 'node:crypto';
import { type ProjectStore, StoreError } from '../../../registry/index.ts';

/** What is wrong with the database. */
export interface DatabaseTrouble {
  readonly code: 'DATABASE_UNREACHABLE' | 'DATABASE_FORBIDDEN' | 'SCHEMA_OUTDATED';
  readonly where: string;
  readonly found: string;
  readonly expected: string;
}

/** Of PostgreSQL and of PostgREST: no right, or no good key. */
const FORBIDDEN = /^(42501|28\w{3}|PGRST30\d|40[13])$/;
/** No such table, column or relation. */
const OUTDATED = /^(42P01|42703|PGRST20\d)$/;
/** Last migration that a table of projects needs. */
const MIGRATION = '0009_projects.sql';
/** A lease that nobody holds: it ends as it begins. */
const RESOURCE = 'probe/diagnose';
const NOBODY = '00000000-0000-4000-8000-000000000000';

/** Null when reading and writing work. */
export async function probeDatabase(store: ProjectStore, host: string): Promise<DatabaseTrouble | null> {
  const now = new Date().toISOString();
  const steps: readonly (() => Promise<unknown>)[] = [
    () => store.getProject(NOBODY),
    () => store.listActiveWorkflows(NOBODY),
    () => store.listProjectWorkflows(NOBODY),
    () => store.listCompilations(NOBODY),
    () => store.listComponents([NOBODY]),
    () => store.listProjectWorkers(NOBODY, 1),
    () => store.acquireLease({ resource: RESOURCE, holder: randomUUID(), host, now, expiresAt: now }),
  ];
  for (const step of steps) {
    const trouble = await step().then(() => null, troubleOf);
    if (trouble !== null) return trouble;
  }
  return null;
}

function troubleOf(error: unknown): DatabaseTrouble {
  if (!(error instanceof StoreError)) throw error;
  const [, table = 'projects', said = 'nothing'] =
    /^table (\S+): the database answered (\S+)/.exec(error.message) ?? [];
  const where = `table ${table}`;
  const found = said === 'nothing' ? 'no answer' : `the answer ${said}`;
  if (FORBIDDEN.test(said))
    return { code: 'DATABASE_FORBIDDEN', where, found, expected: 'a key that may read and write' };
  if (OUTDATED.test(said))
    return { code: 'SCHEMA_OUTDATED', where, found, expected: `the tables of migration ${MIGRATION}` };
  return { code: 'DATABASE_UNREACHABLE', where, found, expected: 'an answer' };
}
