/** `cloister admin`: what an operator does before anybody can call the API. */
import { type ApiKeyStore, type AuditStore, parseDuration, StoreError } from '../../registry/index.ts';
import { Keys, type MadeKey, type WantedKey } from '../access/keys.ts';
import { isRole, isScope, ROLES, SCOPES, type Scope } from '../api/caller.ts';
import { loadKeys } from '../embedded/supabase/keys.ts';
import { startSupabase } from '../embedded/supabase.ts';
import { type Environment, readEnvironment } from '../env.ts';
import { FolderInUse, openDataFolder } from '../folder.ts';
import { openRows } from '../rows.ts';
import { type Arguments, CommandError, meant, readArguments, readTenant } from './command.ts';

const FORM = {
  usage: 'cloister admin create-key [--name TEXT] [--role ROLE] [--tenant ID] [--scopes A,B] [--expires TIME] [--json]',
  values: ['name', 'role', 'tenant', 'scopes', 'expires'],
  flags: ['json'],
  words: 1,
  help: `Makes an API key straight in the host's database and prints it, once: to standard output, and what it is to standard
error. The database is that of NEXT_PUBLIC_SUPABASE_URL, with SUPABASE_SERVICE_ROLE_KEY; without them the embedded one in
CLOISTER_DATA_DIR, whether or not a host serves from there.

  --name TEXT      for people, and for the audit; default: "made at the command line"
  --role ROLE      ${ROLES.join(', ')}; default: admin
  --tenant ID      bound to this Organization; default: a key of the host's own
  --scopes A,B     no more than these; default: everything that the role may do
  --expires TIME   after a while such as 12h or 90d, or at a time such as 2027-01-31T00:00:00Z; default: never
  --json           the body that POST /keys would answer
`,
};

const MAKER = { name: 'command line', role: 'admin', scopes: null, tenant: null } as const;
const LONGEST_NAME = 100;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Runs the command. 0: done, 1: the database does not answer, 2: wrong usage. */
export async function admin(argv: string[]): Promise<number> {
  const args = readArguments(argv, FORM);
  if (!args) return 0;
  const [word = ''] = args.words;
  if (word !== 'create-key') {
    throw new CommandError(`found ${JSON.stringify(word)}, expected: create-key${meant(word, ['create-key'])}`);
  }
  const wanted = wantedKey(args);
  const { key, text } = await withRows(readEnvironment(), (rows) => make(rows, wanted)).catch(explain);
  if (args.flag('json')) {
    process.stdout.write(`${JSON.stringify({ ...key, status: 'active', key: text }, null, 2)}\n`);
    return 0;
  }
  const bound = key.tenant === null ? '' : `, tenant ${key.tenant}`;
  const end = key.expiresAt === null ? 'never ends' : `ends ${key.expiresAt}`;
  process.stderr.write(`key ${key.id} (ck_${key.prefix}), role ${key.role}${bound}, ${end}. It is shown only here:\n`);
  process.stdout.write(`${text}\n`);
  return 0;
}

type Rows = ApiKeyStore & AuditStore;

async function make(rows: Rows, wanted: WantedKey): Promise<MadeKey> {
  const made = await new Keys(rows).make(MAKER, wanted);
  const { id, name, tenant, createdAt: time } = made.key;
  const none = { runId: '', workflow: '', activity: '', digest: '' };
  const by = { actor: MAKER.name, actorKind: 'command' };
  await rows.addAudit([
    { kind: 'write', time, tenant, ...none, code: 'OK', method: 'create-key', ...by, target: { made: id, name } },
  ]);
  return made;
}

/** The tables that a host of this environment uses, for as long as `work` takes. */
async function withRows<T>(environment: Environment, work: (rows: Rows) => Promise<T>): Promise<T> {
  const { supabaseUrl: url, supabaseServiceRoleKey: serviceRoleKey, dataDir } = environment;
  if (url !== null && serviceRoleKey !== null) return work(openRows({ url, serviceRoleKey }));
  if (url !== null) {
    throw new CommandError('SUPABASE_SERVICE_ROLE_KEY is not set; expected the key of NEXT_PUBLIC_SUPABASE_URL');
  }
  await using opened = new AsyncDisposableStack();
  try {
    const folder = await openDataFolder(dataDir);
    opened.defer(() => folder.close());
    return await work(openRows(opened.use(await startSupabase({ dbFile: folder.file('supabase.db') }))));
  } catch (error) {
    if (!(error instanceof FolderInUse) || !error.note?.supabase) throw error;
    // The host that holds the folder serves its database on loopback, to whoever may read the keys that lie in the folder.
    const keys = await loadKeys(`${dataDir}/supabase.db.keys.json`);
    return work(openRows({ url: error.note.supabase, ...keys }));
  }
}

function wantedKey(args: Arguments): WantedKey {
  const name = args.text('name') ?? 'made at the command line';
  if (name === '' || name.length > LONGEST_NAME || /\p{C}/u.test(name)) {
    throw new CommandError(`--name: found ${JSON.stringify(name)}, expected 1 to ${LONGEST_NAME} printable characters`);
  }
  const role = args.text('role') ?? 'admin';
  if (!isRole(role)) {
    throw new CommandError(`--role: found ${JSON.stringify(role)}, expected ${ROLES.join(', ')}${meant(role, ROLES)}`);
  }
  const tenant = readTenant(args.text('tenant'));
  return { name, role, tenant, scopes: scopesOf(args.text('scopes')), expiresAt: endOf(args.text('expires')) };
}

function scopesOf(value: string | undefined): Scope[] | null {
  if (value === undefined) return null;
  const words = value.split(',').map((word) => word.trim());
  const wrong = words.find((word) => !isScope(word));
  if (wrong === undefined) return words.filter(isScope);
  throw new CommandError(
    `--scopes: found ${JSON.stringify(wrong)}, expected some of ${SCOPES.join(',')}${meant(wrong, SCOPES)}`,
  );
}

function endOf(value: string | undefined): string | null {
  if (value === undefined) return null;
  const days = /^([1-9]\d{0,4})d$/.exec(value)?.[1];
  const ms = days === undefined ? parseDuration(value) : Number(days) * DAY_MS;
  const end = ms === undefined ? Date.parse(/^\d{4}-\d\d-\d\d/.test(value) ? value : '') : Date.now() + ms;
  if (end > Date.now()) return new Date(end).toISOString();
  throw new CommandError(`--expires: found ${JSON.stringify(value)}, expected 12h, 90d or a time to come, ISO 8601`);
}

function explain(error: unknown): never {
  if (!(error instanceof StoreError)) throw error;
  throw new CommandError(`${error.message}; does it run, and have registry/migrations been applied to it?`, 1);
}
