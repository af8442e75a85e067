// timeout: 120
// With --write this rewrites the table in the page instead of comparing it.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Keys } from '../../host/access/keys.ts';
import { ROLES, SCOPES } from '../../host/api/caller.ts';
import type { Endpoint } from '../../host/api/endpoint.ts';
import { type Api, ENDPOINTS } from '../../host/api/server.ts';
import { caller } from '../api/call.ts';
import { apiStand } from '../api/stand.ts';
import { root } from '../checks/source.ts';
import { embeddedDatabase } from './database.ts';

const TOKEN = 'the-administrators-own-token';
const WORKERS = 'the-token-of-builders-of-workers';
const PAGE = join(root, 'docs', 'permissions.md');
const TABLE = /(?<=<!-- permissions -->\n)[\s\S]*(?=\n<!-- end -->)/;
/** Bodies of calls that are judged by their body too. */
const BODIES: Readonly<Record<string, object>> = { 'run-workflow': { tenantOrganizationId: 'org-1' } };

const test = suite<{ owned: AsyncDisposableStack; api: Api; keys: Keys }>('who may call what');

test.before(async (context) => {
  context.owned = new AsyncDisposableStack();
  const stand = context.owned.use(await apiStand());
  const { store } = await embeddedDatabase(context.owned);
  context.keys = new Keys(store);
  const access = { kind: 'token', token: TOKEN, workersToken: WORKERS, keys: context.keys } as const;
  context.api = await stand.start(access, { keys: context.keys, rows: store });
});
test.after(async ({ owned }) => {
  await owned.disposeAsync();
});

const MAKER = { name: 'test', role: 'admin', scopes: null, tenant: null } as const;

async function key(keys: Keys, wanted: Partial<Parameters<Keys['make']>[1]>): Promise<string> {
  const { text } = await keys.make(MAKER, { name: 'test', role: 'admin', expiresAt: null, ...wanted });
  return text;
}

/** Calls the endpoint; `yes` where the caller is let in, whatever becomes of the call. */
async function called({ url }: Api, { method, path, operation }: Endpoint, token: string | null): Promise<string> {
  const filled = path.replace(/\{id\}/, 'hello').replace(/\{\w+[*?]?\d*\}/g, 'x');
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const body = method === 'GET' || method === 'DELETE' ? undefined : (BODIES[operation] ?? {});
  const response = await fetch(`${url}${filled}`, {
    method,
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  await response.body?.cancel();
  return response.status === 401 || response.status === 403 ? String(response.status) : 'yes';
}

interface Calling {
  readonly api: Api;
  readonly keys: Keys;
  /** Of nobody, of each role, and of an admin of a tenant. */
  readonly common: readonly (string | null)[];
}

/** One row of the page, as calls have shown it. */
async function row({ api, keys, common }: Calling, made: Endpoint): Promise<string> {
  const { access } = made;
  const scopes = typeof access === 'string' ? [] : [access.scope];
  const narrowed = [scopes, SCOPES.filter((scope) => scope !== scopes[0])];
  const tokens = [...common, ...(await Promise.all(narrowed.map((each) => key(keys, { scopes: each }))))];
  const seen = await Promise.all(tokens.map((token) => called(api, made, token)));
  const [narrow, wide] = seen.splice(-2);
  if (scopes.length > 0)
    assert.equal([narrow, wide], ['yes', '403'], `${made.operation}: the scope ${scopes[0]} decides`);
  if (access === 'signed') assert.is(new Set(seen).size, 1, `${made.operation}: no token makes a difference`);
  const cells = access === 'signed' ? seen.map(() => 'signed') : seen;
  return `| \`${made.method} ${made.path}\` | ${cells.join(' | ')} | ${scopes.map((each) => `\`${each}\``).join('')} |`;
}

test('docs/permissions.md says of every endpoint who may call it, as calls by each kind of caller show', async (context) => {
  const { api, keys } = context;
  const whole = await Promise.all(ROLES.map((role) => key(keys, { role })));
  const common = [null, ...whole, await key(keys, { tenant: 'org-1' })];
  const rows = await Promise.all(ENDPOINTS.map((made) => row({ api, keys, common }, made)));
  const head = ['endpoint', 'nobody', ...ROLES, 'admin of a tenant', 'scope'];
  const table = [`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...rows.sort()].join('\n');
  const page = await readFile(PAGE, 'utf8');
  if (process.argv.includes('--write')) {
    await writeFile(
      PAGE,
      page.replace(TABLE, () => table),
    );
    return;
  }
  assert.is(TABLE.exec(page)?.[0], table, 'is that meant? then: node test/access/permissions.test.ts --write');
});

test('ADM-03: an operator is refused wherever plugins, workflows or triggers are changed', async ({ api, keys }) => {
  const operator = await key(keys, { role: 'operator' });
  const changing = ENDPOINTS.filter(
    ({ access }) =>
      typeof access !== 'string' && ['plugins:write', 'repo:write', 'projects:write'].includes(access.scope),
  );
  assert.ok(changing.length > 0);
  for (const made of changing) assert.is(await called(api, made, operator), '403', made.operation);
});

test('a route that was declared without a word is 401 to strangers and 403 to everybody else', async ({
  api,
  keys,
}) => {
  const forgotten = { method: 'GET', path: '/forgotten', handler: () => 'told' } as const;
  api.server.route(forgotten);
  const { get } = caller(api.url);
  assert.is((await get('/forgotten')).status, 401);
  for (const token of [TOKEN, await key(keys, {})]) {
    assert.is((await get('/forgotten', { authorization: `Bearer ${token}` })).status, 403);
  }
});

test('every route asks who calls, but for endpoints that are open or signed', ({ api }) => {
  const open = new Set(
    ENDPOINTS.filter(({ access }) => access === 'open' || access === 'signed').map(({ operation }) => operation),
  );
  for (const { method, path, settings } of api.server.table()) {
    if (path === '/forgotten') continue;
    const { cloister } = settings.plugins as { cloister?: { access?: unknown; operation?: string } };
    assert.ok(cloister?.access, `${method} ${path} was made without a word about access`);
    // Without a word of its own a route has the default, which is to ask.
    const mode = settings.auth === undefined ? 'required' : settings.auth ? settings.auth.mode : 'none';
    assert.is(mode, open.has(cloister.operation ?? '') ? 'try' : 'required', `${method} ${path}`);
  }
});

test('ADM-04: what stands behind a ? opens nothing', async ({ api }) => {
  for (const path of [
    '/tenants?/health',
    '/keys?/triggers/x/webhook',
    '/admin/x?/webhooks/trigger',
    '/audit?/health',
  ]) {
    const { status, body } = await caller(api.url).get(path);
    assert.equal([status, body.code], [401, 'UNAUTHORIZED'], path);
  }
});

test('the token of workers opens nothing but /workers', async ({ api }) => {
  for (const made of ENDPOINTS.filter(({ access }) => typeof access !== 'string')) {
    const expected = made.path.startsWith('/workers') ? 'yes' : '403';
    assert.is(await called(api, made, WORKERS), expected, made.operation);
  }
});

test.run();
