// timeout: 150
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openRows } from '../../host/rows.ts';
import { pluginDigest } from '../../registry/index.ts';
import { eventually } from '../api/call.ts';
import { cloister } from '../cli/command.ts';
import { activityOf, type TestHost, testHost } from '../stand/host.ts';
import { script, temporaryFolder, workflow, writeFiles } from '../stand/project.ts';
import { archive, file, MANIFEST, pluginFiles } from './archives.ts';

const NORTH = 'org-north';
const SOUTH = 'org-south';
const test = suite<{ stand: TestHost; keys: Record<string, string> }>('plugins of a host');

const use = (name: string) => ({ rootChildren: ['a'], activities: [{ id: 'a', name: 'a', script: name }] });
const FILES = {
  'cloister.yaml': 'capabilities: [fhir, log]\n',
  ...workflow('latest', use('@acme/claims@latest/price')),
  ...workflow('exact', use('@acme/claims@1.0.0/price')),
  ...workflow('own', use('@north/own@1.0.0/price')),
  ...workflow('unknown', use('@acme/nothing@1.0.0/price')),
  ...workflow('later', use('@acme/claims@9.9.9/price')),
  ...workflow('nowhere', use('@acme/claims@1.0.0/other')),
  ...workflow('reader', use('@acme/reader@1.0.0/price')),
  ...workflow('slow', {
    rootChildren: ['wait'],
    activities: [
      { id: 'wait', name: 'wait', script: './activities/wait.ts', children: ['a'] },
      { id: 'a', name: 'a', script: '@acme/claims@latest/price' },
    ],
  }),
  ...script('wait', 'await new Promise((resolve) => setTimeout(resolve, 1500)); return 1;'),
};

const returning = (value: string) => ({
  'price.ts': `export const description = 'd';\nexport async function main() { return ${value}; }\n`,
});
const price = (version: string, more: Record<string, unknown> = {}) =>
  pluginFiles({ version, ...more }, returning(`'${version}'`));

test.before(async (context) => {
  context.stand = await testHost(FILES);
  const { stand } = context;
  await writeFile(
    join(stand.dataDir, 'tenants.yaml'),
    `${NORTH}: { capabilities: [fhir, log] }\n${SOUTH}: { capabilities: [log] }\n`,
  );
  context.keys = {};
  for (const [name, role, tenant] of [
    ['north', 'developer', NORTH],
    ['south', 'developer', SOUTH],
    ['reader', 'operator', NORTH],
  ] as const) {
    const body = JSON.stringify({ name, role, tenant });
    const made = await ask(stand, 'POST', '/keys', { body });
    context.keys[name] = String(made.body.key);
  }
});

test.after(({ stand }) => stand.close());

interface Asked {
  readonly body?: string | Buffer<ArrayBuffer>;
  readonly type?: string;
  readonly key?: string | undefined;
}

async function ask(stand: TestHost, method: string, path: string, { body, type, key }: Asked = {}) {
  const response = await fetch(`${stand.host.url}${path}`, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': type ?? 'application/json' }),
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
    ...(body !== undefined && { body }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function publish(stand: TestHost, files: Record<string, string>, key?: string) {
  const body = Buffer.from(await archive([], files));
  return ask(stand, 'POST', '/plugins', { body, type: 'application/gzip', key });
}

async function outputOf(stand: TestHost, id: string, tenant: string): Promise<unknown> {
  const view = await stand.run(id, { tenantOrganizationId: tenant });
  return activityOf(view, 'a').output ?? view;
}

test('a version is published once: the same again is the same, UPL-07 other bytes are refused', async ({ stand }) => {
  const first = await publish(stand, price('1.0.0'));
  assert.is(first.status, 201, JSON.stringify(first.body));
  const { manifest, files } = { manifest: { ...MANIFEST }, files: returning("'1.0.0'") };
  const again = await ask(stand, 'POST', '/plugins', { body: JSON.stringify({ manifest, files }) });
  assert.is(again.status, 200);
  assert.is(again.body.digest, first.body.digest);
  const other = await publish(stand, pluginFiles({}, returning('2')));
  assert.is(`${other.status} ${other.body.code}`, '409 PLUGIN_VERSION_EXISTS');
  const shown = await ask(stand, 'GET', '/plugins/@acme/claims/1.0.0');
  assert.is(shown.body.digest, first.body.digest);
  assert.equal(shown.body.scripts, { price: 'price.ts' });
  const at = Promise.all(
    ['1.4.0', '1.4.0'].map((version, n) =>
      publish(stand, pluginFiles({ version, name: '@acme/race' }, returning(String(n)))),
    ),
  );
  assert.equal((await at).map(({ status }) => status).sort(), [201, 409]);
});

test('a run takes where the channel leads when it starts; a move and a roll back change new runs only', async ({
  stand,
}) => {
  assert.is(await outputOf(stand, 'latest', NORTH), '1.0.0');
  const { body } = await stand.start('slow', { tenantOrganizationId: NORTH });
  assert.is((await publish(stand, price('1.1.0'))).status, 201);
  assert.is(await outputOf(stand, 'latest', NORTH), '1.1.0');
  assert.is(await outputOf(stand, 'exact', NORTH), '1.0.0');
  assert.is(activityOf(await stand.follow('slow', String(body.runId)), 'a').output, '1.0.0');
});

test('a tenant moves a channel for its own runs, the host for all others, and both can take it back', async ({
  stand,
  keys,
}) => {
  const path = '/plugins/@acme/claims/channels/latest';
  const move = (version: string, key?: string) => ask(stand, 'PUT', path, { body: JSON.stringify({ version }), key });
  assert.is((await move('1.0.0', keys.north)).status, 200);
  assert.is(await outputOf(stand, 'latest', NORTH), '1.0.0');
  assert.is(await outputOf(stand, 'latest', SOUTH), '1.1.0');
  assert.is((await ask(stand, 'DELETE', path, { key: keys.north })).status, 200);
  assert.is(await outputOf(stand, 'latest', NORTH), '1.1.0');
  assert.is((await move('1.0.0')).status, 200);
  assert.is(await outputOf(stand, 'latest', SOUTH), '1.0.0');
  assert.is((await move('9.9.9')).body.code, 'PLUGIN_NOT_FOUND');
  assert.is((await ask(stand, 'DELETE', path)).status, 200);
  assert.is((await ask(stand, 'DELETE', path)).body.code, 'PLUGIN_NOT_FOUND');
});

test('the audit names the version that was published, and where a channel was moved for whom', async ({ stand }) => {
  const body = JSON.stringify({ version: '1.0.0' });
  await ask(stand, 'PUT', `/plugins/@acme/claims/channels/told?tenant=${SOUTH}`, { body });
  const published = await ask(stand, 'GET', '/plugins/@acme/claims/1.1.0');
  const events = await eventually(async () => {
    const { events } = (await ask(stand, 'GET', '/audit?kind=write&limit=200')).body;
    const shown = (events as Record<string, unknown>[]).map(({ operation, outcome, tenant, target }) =>
      JSON.stringify({ operation, outcome, tenant, target }),
    );
    return shown.some((event) => event.includes('"told"')) ? shown : null;
  });
  const target = { scope: '@acme', name: 'claims', channel: 'told', version: '1.0.0' };
  assert.ok(
    events.includes(JSON.stringify({ operation: 'move-plugin-channel', outcome: 'OK', tenant: SOUTH, target })),
  );
  const version = { plugin: '@acme/claims', version: '1.1.0', digest: published.body.digest };
  assert.ok(
    events.includes(JSON.stringify({ operation: 'publish-plugin', outcome: 'OK', tenant: null, target: version })),
  );
});

test("a tenant's plugin is a missing one for every other tenant, in the API and in runs", async ({ stand, keys }) => {
  const name = '@north/own';
  assert.is((await publish(stand, price('1.0.0', { name }), keys.north)).status, 201);
  assert.is(await outputOf(stand, 'own', NORTH), '1.0.0');
  const start = (tenant?: string) => stand.start('own', tenant ? { tenantOrganizationId: tenant } : {});
  for (const tenant of [SOUTH, undefined]) {
    const { status, body } = await start(tenant);
    const [problem] = body.problems as { code: string; file: string; line: number }[];
    assert.is(
      `${status} ${problem?.code} ${problem?.file}:${problem?.line}`,
      '422 PLUGIN_UNKNOWN workflows/own.yaml:11',
    );
  }
  const strip = ({ requestId: _id, found: _found, ...rest }: Record<string, unknown>) => rest;
  for (const [method, rest, body] of [
    ['GET', ''],
    ['GET', '/1.0.0'],
    ['POST', '/1.0.0/deprecate', { message: 'x' }],
    ['PUT', '/channels/latest', { version: '1.0.0' }],
    ['DELETE', '/channels/latest'],
  ] as const) {
    const call = (plugin: string) =>
      ask(stand, method, `/plugins/${plugin}${rest}`, { key: keys.south, ...(body && { body: JSON.stringify(body) }) });
    const [foreign, missing] = [await call(name), await call('@north/none')];
    assert.is(foreign.status, 404);
    assert.equal(strip(foreign.body), strip(missing.body));
  }
  const listed = await ask(stand, 'GET', '/plugins', { key: keys.south });
  assert.equal(
    (listed.body.plugins as { name: string }[]).map((plugin) => plugin.name),
    ['@acme/claims', '@acme/race'],
  );
  assert.is((await ask(stand, 'GET', `/plugins?tenant=${NORTH}`, { key: keys.south })).status, 403);
  assert.is((await publish(stand, price('1.0.0', { name }), keys.south)).status, 201);
});

test("nobody takes another's name: neither a tenant the host's, nor the host a tenant's", async ({ stand, keys }) => {
  assert.is((await publish(stand, price('3.0.0'), keys.north)).body.code, 'PLUGIN_NAME_TAKEN');
  assert.is((await publish(stand, price('1.0.0', { name: '@north/own' }))).body.code, 'PLUGIN_NAME_TAKEN');
  assert.is((await publish(stand, price('1.0.0', { name: '@aidbox-billing/x' }))).body.code, 'PLUGIN_INVALID');
  assert.is((await publish(stand, price('3.0.0'), keys.reader)).status, 403);
});

test("a plan with a tenant's plugin is for that tenant only, and everybody's plugin goes before a tenant's", async ({
  stand,
}) => {
  const { pin, branch } = await stand.host.shelf.check('own', null, { tenantOrganizationId: NORTH });
  const load = async (tenantOrganizationId: string) => {
    const loaded = await stand.host.shelf.load({
      workflow: 'own',
      branch,
      pin,
      trigger: { type: 'manual', id: null },
      input: { tenantOrganizationId },
    });
    return loaded.ok ? 'loaded' : loaded.code;
  };
  assert.equal([await load(NORTH), await load(SOUTH)], ['loaded', 'TENANT_REFUSED']);
  // What no upload can do: a row as a race of two uploads might leave it.
  const files = new Map(Object.entries(pluginFiles({ version: '1.1.0' }, returning("'other'"))).sort());
  const rows = openRows(stand.host.stack.supabase);
  const [version] = await rows.listPlugins({ name: '@acme/claims', owners: [null] });
  if (version === undefined) throw new Error('there is no version');
  const manifest = { ...version.manifest, version: '1.1.0' };
  await rows.addPlugin({ ...version, owner: NORTH, manifest, digest: pluginDigest(files) }, files);
  assert.is(await outputOf(stand, 'latest', NORTH), '1.1.0');
});

test('UPL-09 a manifest that asks for what the tenant lacks is refused with its name', async ({ stand, keys }) => {
  const asking = price('1.0.0', { name: '@south/asks', capabilities: ['fhir', 'log', 'db'], env: ['TOKEN'] });
  const { status, body } = await publish(stand, asking, keys.south);
  assert.is(`${status} ${body.code} ${body.found}`, '403 CAPABILITY_REFUSED env TOKEN, capability fhir, capability db');
  assert.is((await ask(stand, 'GET', '/plugins/@south/asks', { key: keys.south })).status, 404);
});

test('a script may ask for what its own manifest declares, whatever the project declares', async ({ stand }) => {
  const body = {
    'price.ts': `import { fhir } from 'cloister';\nexport const description = 'd';
export async function main() {\n  try { await fhir.read('Patient', 'x'); return 'read'; } catch (error: any) { return error.code; }\n}\n`,
  };
  const name = '@acme/reader';
  assert.is((await publish(stand, pluginFiles({ name }, body))).status, 201);
  assert.is(await outputOf(stand, 'reader', NORTH), 'DENIED');
  const declared = pluginFiles({ name, version: '1.1.0', capabilities: ['fhir'] }, body);
  assert.is((await publish(stand, declared)).status, 201);
  await stand.write(workflow('reader', use('@acme/reader@latest/price')));
  assert.is(await outputOf(stand, 'reader', NORTH), 'NOT_FOUND');
  assert.is(await outputOf(stand, 'reader', SOUTH), 'DENIED');
});

test('a plugin with errors is refused whole, each with its file and line', async ({ stand }) => {
  const bad = pluginFiles(
    { name: '@acme/bad', capabilities: ['files'], more: 1, scripts: { price: 'price.ts', gone: 'gone.ts' } },
    {},
  );
  const manifest = await publish(stand, bad);
  assert.is(`${manifest.status} ${manifest.body.code}`, '422 PLUGIN_INVALID');
  const codes = (body: Record<string, unknown>) =>
    (body.problems as { code: string; file: string; line: number }[]).map(
      ({ code, file: path, line }) => `${path}:${line} ${code}`,
    );
  assert.equal(codes(manifest.body).sort(), [
    'plugin.json:1 FIELD_TYPE',
    'plugin.json:1 FIELD_UNKNOWN',
    'plugin.json:1 SCRIPT_MISSING',
  ]);
  const scripts = await publish(
    stand,
    pluginFiles(
      { name: '@acme/bad', scripts: { a: 'a.ts', b: 'b.ts', c: 'c.ts' } },
      {
        'a.ts': "export const description = 'd';\nimport fs from 'node:fs';\nexport const main = () => fs;\n",
        'b.ts': "export const description = 'd';\n\nimport 'left-pad';\nexport const main = () => 1;\n",
        'c.ts': 'export const description = 1;\nexport const mai = () => 1;\n',
        'package.json': '{"dependencies":{"left-pad":"1.0.0"}}',
      },
    ),
  );
  assert.equal(codes(scripts.body), [
    'a.ts:2 IMPORT_UNKNOWN',
    'b.ts:3 IMPORT_UNKNOWN',
    'c.ts:1 MAIN_MISSING',
    'package.json:1 PLUGIN_DEPENDENCY',
  ]);
  assert.is((await ask(stand, 'GET', '/plugins/@acme/bad')).status, 404);
});

test('names in YAML that lead nowhere stop the start, and a deprecated version is told', async ({ stand }) => {
  for (const [id, code] of [
    ['unknown', 'PLUGIN_UNKNOWN'],
    ['later', 'PLUGIN_VERSION_UNKNOWN'],
    ['nowhere', 'PLUGIN_SCRIPT_UNKNOWN'],
  ] as const) {
    const { status, body } = await stand.start(id);
    assert.is(`${status} ${(body.problems as { code: string }[])[0]?.code}`, `422 ${code}`);
  }
  const told = await ask(stand, 'POST', '/plugins/@acme/claims/1.0.0/deprecate', { body: '{"message":"use 1.1.0"}' });
  assert.is((told.body.deprecated as { message: string }).message, 'use 1.1.0');
  const { body } = await stand.start('exact', { tenantOrganizationId: NORTH });
  assert.match(JSON.stringify(body.warnings), /use 1\.1\.0/);
});

test('UPL-03 a multipart upload is refused, UPL-04 a bomb, UPL-06 what is of another kind', async ({ stand }) => {
  for (const type of ['multipart/form-data; boundary=b', 'application/zip', 'text/plain']) {
    const { status, body } = await ask(stand, 'POST', '/plugins', { body: 'filename="../../app/config"', type });
    assert.is(`${status} ${body.code}`, '415 MEDIA_TYPE_UNSUPPORTED', type);
  }
  const bomb = gzipSync(Buffer.alloc(500 * 1024 * 1024));
  const large = await ask(stand, 'POST', '/plugins', { body: bomb, type: 'application/gzip' });
  assert.is(`${large.status} ${large.body.code}`, '413 BODY_TOO_LARGE');
  const evil = await archive([file('../../x.ts')]);
  const { status, body } = await ask(stand, 'POST', '/plugins', { body: Buffer.from(evil), type: 'application/gzip' });
  assert.is(`${status} ${body.code} ${body.where}`, '400 ARCHIVE_INVALID "../../x.ts"');
});

test('cloister plugin pushes a folder and lists it; cloister check says what it cannot tell', async ({ stand }) => {
  const folder = await temporaryFolder('plugin');
  await writeFiles(folder.path, price('1.0.0', { name: '@acme/pushed' }));
  const push = (dir: string) => cloister(dir, 'plugin', 'push', '.', '--api', stand.host.url);
  const [first, again] = [await push(folder.path), await push(folder.path)];
  assert.match(first.stdout, /^@acme\/pushed@1\.0\.0, digest [0-9a-f]{64}\n$/);
  assert.is(again.stdout, first.stdout);
  await writeFiles(folder.path, { 'price.ts': 'export const x = 1;' });
  const refused = await push(folder.path);
  assert.is(refused.code, 2);
  assert.match(refused.stderr, 'PLUGIN_VERSION_EXISTS');
  const listed = await cloister(folder.path, 'plugin', 'list', '--api', stand.host.url);
  assert.match(listed.stdout, '@acme/pushed@1.0.0  1 version, everybody  Prices claims.\n');
  await folder.remove();
  const checked = await cloister(stand.projectDir, 'check');
  assert.is(checked.code, 0, checked.stdout);
  assert.match(
    checked.stdout,
    /own\.yaml:11:17 warning PLUGIN_UNCHECKED activity "a" script: found plugin "@north\/own@1/,
  );
});

test('UPL-08 an upload that breaks off publishes nothing, and the host goes on', async ({ stand }) => {
  const bytes = await archive([], price('5.0.0'));
  const { port } = new URL(stand.host.url);
  const headers = { 'content-type': 'application/gzip', 'content-length': bytes.length };
  const broken = request({ host: '127.0.0.1', port, method: 'POST', path: '/plugins', headers });
  broken.on('error', () => undefined);
  broken.write(bytes.subarray(0, bytes.length - 10));
  await new Promise((resolve) => setTimeout(resolve, 200));
  broken.destroy();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.is((await ask(stand, 'GET', '/plugins/@acme/claims/5.0.0')).status, 404);
  assert.is((await ask(stand, 'GET', '/plugins')).status, 200);
});

test.run();
