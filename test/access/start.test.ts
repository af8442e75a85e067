// timeout: 120
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { accessProblems } from '../../host/access/index.ts';
import { freePort } from '../../host/embedded/port.ts';
import { startSupabase } from '../../host/embedded/supabase.ts';
import { EnvironmentError, readEnvironment } from '../../host/env.ts';
import { startProduction } from '../../host/production.ts';
import { caller } from '../api/call.ts';
import { cloister } from '../cli/command.ts';
import { script, temporaryFolder, workflow, writeFiles } from '../stand/project.ts';

const test = suite<{ owned: AsyncDisposableStack; folder: string }>('access of a production host');

test.before(async (context) => {
  context.owned = new AsyncDisposableStack();
  const folder = await temporaryFolder('start');
  context.owned.defer(() => folder.remove());
  context.folder = folder.path;
  const hello = { rootChildren: ['a'], activities: [{ id: 'a', name: 'a', script: './activities/a.ts' }] };
  await writeFiles(`${folder.path}/project`, { ...workflow('hello', hello), ...script('a', 'return 1;') });
});
test.after(async ({ owned }) => {
  await owned.disposeAsync();
});

const { PATH = '', HOME = '', TEMPORAL_CLI_PATH, CLOISTER_CACHE_DIR } = process.env;

function production(folder: string, more: Record<string, string>) {
  const environment = readEnvironment({
    PATH,
    HOME,
    ...(TEMPORAL_CLI_PATH && { TEMPORAL_CLI_PATH }),
    ...(CLOISTER_CACHE_DIR && { CLOISTER_CACHE_DIR }),
    CLOISTER_DATA_DIR: `${folder}/.cloister`,
    CLOISTER_LISTEN_ADDRESS: '127.0.0.1',
    WORKFLOW_DIR: `${folder}/project`,
    LOG_LEVEL: 'silent',
    ...more,
  });
  return startProduction({ environment, progress: () => undefined });
}

async function problems(folder: string, more: Record<string, string>): Promise<string> {
  const error = await production(folder, more).catch((reason: unknown) => reason);
  if (error instanceof EnvironmentError) return error.problems.join('\n');
  throw error;
}

test('a host that nobody could call does not start; with one key made beforehand it does, and takes that key', async ({
  folder,
}) => {
  const embedded = { CLOISTER_EMBEDDED: 'true' };
  assert.match(await problems(folder, embedded), /CLOISTER_API_TOKEN is not set.*cloister admin create-key/);
  const made = await cloister(folder, 'admin', 'create-key', '--name', 'first');
  assert.is(made.code, 0, made.stderr);
  const host = await production(folder, { ...embedded, WORKER_SERVICE_PORT: String(await freePort()) });
  try {
    const { get } = caller(host.url);
    assert.is((await get('/tenants', { authorization: `Bearer ${made.stdout.trim()}` })).status, 200);
    assert.is((await get('/tenants')).status, 401);
    // Loopback is nobody in production.
    assert.is((await get('/workflows')).status, 401);
    const second = await cloister(folder, 'admin', 'create-key', '--role', 'viewer');
    assert.is(second.code, 0, second.stderr);
    assert.is((await get('/workflows', { authorization: `Bearer ${second.stdout.trim()}` })).status, 200);
  } finally {
    await host.close();
  }
});

test('of a database that is not embedded the keys are known before the start, beside all else that is missing', async ({
  folder,
  owned,
}) => {
  const db = owned.use(await startSupabase({ dbFile: `${folder}/other.sqlite` }));
  const supabase = { NEXT_PUBLIC_SUPABASE_URL: db.url, SUPABASE_SERVICE_ROLE_KEY: db.serviceRoleKey };
  const rest = { TEMPORAL_ADDRESS: '127.0.0.1:1', ...supabase };
  const before = await problems(folder, rest);
  assert.match(before, /CLOISTER_API_TOKEN is not set/);
  assert.match(before, /TEMPORAL_ADDRESS/);
  const made = await withEnvironment(supabase, () => cloister(folder, 'admin', 'create-key'));
  assert.is(made.code, 0, made.stderr);
  const after = await problems(folder, rest);
  assert.not.match(after, /CLOISTER_API_TOKEN/);
  assert.match(after, /TEMPORAL_ADDRESS/);
});

test('JWTs need an audience, a key and a key set that nobody can change on the way', () => {
  const told = (env: Record<string, string>, hasKeys: boolean | null = null) =>
    accessProblems(readEnvironment(env), hasKeys).join('\n');
  const secret = { CLOISTER_JWT_SECRET: 'x'.repeat(32) };
  const audience = { CLOISTER_JWT_AUDIENCE: 'authenticated' };
  const jwks = (url: string) => ({ ...audience, CLOISTER_JWKS_URL: url });
  assert.match(told(secret, false), /CLOISTER_JWT_AUDIENCE is not set/);
  assert.match(told(audience, true), /CLOISTER_JWT_AUDIENCE is set without a key/);
  assert.is(told({ ...secret, ...audience }, false), '', 'JWTs are a way in');
  assert.match(told(jwks('http://auth.example.org/jwks')), /CLOISTER_JWKS_URL .*https/);
  for (const url of ['https://auth.example.org/jwks', 'http://127.0.0.1:9/jwks', 'http://localhost/jwks']) {
    assert.is(told(jwks(url), false), '', url);
  }
  assert.match(told({ WORKER_SERVICE_TOKEN: 'y'.repeat(16) }, false), /CLOISTER_API_TOKEN/, 'it opens /workers only');
  assert.is(told({}, true), '');
  assert.match(told({}, false), /CLOISTER_API_TOKEN/);
});

test('create-key refuses what it does not understand, with what it expected, and makes nothing', async ({ folder }) => {
  const wrong: [string[], RegExp][] = [
    [[], /expected: create-key/],
    [['create-kye'], /did you mean create-key/],
    [['create-key', '--role', 'root'], /--role: found "root", expected viewer, operator, developer, admin/],
    [['create-key', '--scopes', 'runs:read,runs:wrote'], /--scopes: found "runs:wrote".*did you mean runs:write/],
    [['create-key', '--tenant', '..'], /--tenant/],
    [['create-key', '--expires', '2020-01-01T00:00:00Z'], /--expires/],
    [['create-key', '--name', ''], /--name/],
  ];
  const ended = await Promise.all(wrong.map(([args]) => cloister(folder, 'admin', ...args)));
  for (const [at, { code, stderr, stdout }] of ended.entries()) {
    assert.equal([code, stdout], [2, ''], stderr);
    assert.match(stderr, wrong[at]?.[1] ?? /never/);
  }
});

/** The command line reads the environment of this process. */
async function withEnvironment<T>(more: Record<string, string>, work: () => Promise<T>): Promise<T> {
  Object.assign(process.env, more);
  try {
    return await work();
  } finally {
    for (const name of Object.keys(more)) delete process.env[name];
  }
}

test.run();
