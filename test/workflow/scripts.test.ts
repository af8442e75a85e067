// timeout: 180
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunView } from '../../host/runs/view.ts';
import { activityOf, type TestHost, testHost } from '../stand/host.ts';
import { packPackage, script, workflow } from '../stand/project.ts';

const scripts = suite('scripts in a run');
let stand: TestHost;

const one = (id: string, more: Record<string, unknown> = {}) =>
  workflow(id, { rootChildren: ['it'], activities: [{ id: 'it', script: `./activities/${id}.ts`, ...more }] });

scripts.before(async () => {
  stand = await testHost({ ...script('alone', 'return { arguments: input };'), ...one('alone') });
});
scripts.after(async () => {
  await stand.close();
});

scripts('a project with one workflow and one script runs; main gets {} when there are no params', async () => {
  const view = await stand.run('alone');
  assert.is(view.status, 'completed');
  assert.equal(activityOf(view, 'it').output, { arguments: {} });
});

scripts('a script may call a built-in, under the tenant of the run, without naming it', async () => {
  const body = `await fhir.create({ resourceType: 'Basic', code: { text: input.word } });
    return search({ url: 'Basic', params: { _total: 'accurate' } });`;
  const head = `import { fhir } from 'cloister';
    import { main as search } from '@aidbox-billing/built-in-activities/fhir/search';`;
  await stand.write({ ...script('inner', body, head), ...one('inner', { params: { word: '$input.word' } }) });
  const count = async (tenant: string) => {
    const view = await stand.run('inner', { word: tenant, tenantOrganizationId: tenant });
    assert.is(view.status, 'completed', JSON.stringify(view.error));
    const { bundle } = activityOf(view, 'it').output as {
      bundle: { entry: { resource: { code: { text: string } } }[] };
    };
    return bundle.entry.map(({ resource }) => resource.code.text);
  };
  assert.equal(await count('org-a'), ['org-a']);
  assert.equal(await count('org-b'), ['org-b'], 'nothing of the other tenant is seen');
});

scripts('helper files without main, JSON files and npm dependencies can be imported', async () => {
  const head = `import half from 'half';
    import { double } from './shared/double';
    import prices from './shared/prices.json';
    import type { Anything } from './shared/types-only.ts';`;
  await packPackage(stand.projectDir, 'half', { 'index.js': 'module.exports = (n) => n / 2;' });
  await stand.write({
    'package.json': JSON.stringify({ private: true, dependencies: { half: 'file:half-1.0.0.tgz' } }),
    'activities/shared/double.ts': 'export const double = (n: number) => 2 * n;',
    'activities/shared/prices.json': '{ "fee": 21 }',
    ...script('imports', 'const x: Anything = prices.fee; return { double: double(x), half: half(42) };', head),
    ...one('imports'),
  });
  const view = await stand.run('imports');
  assert.is(view.status, 'completed', JSON.stringify(view.error));
  assert.equal(activityOf(view, 'it').output, { double: 42, half: 21 });
});

scripts('module state does not survive from one activity to the next', async () => {
  const body = 'count += 1; globalThis.seen = (globalThis.seen ?? 0) + 1; return { count, seen: globalThis.seen };';
  await stand.write({
    ...script('counting', body, 'let count = 0; declare const globalThis: any;'),
    ...workflow('counting', {
      rootChildren: ['a', 'b'],
      activities: ['a', 'b'].map((id) => ({ id, script: './activities/counting.ts' })),
    }),
  });
  const view = await stand.run('counting');
  assert.equal(activityOf(view, 'b').output, { count: 1, seen: 1 });
});

scripts('an output that is not JSON, or too large, fails the activity and is never cut', async () => {
  await stand.write({
    ...script('symbol', 'return { when: Symbol("now") };'),
    ...one('symbol', { retries: 3 }),
    ...script('huge', 'return "x".repeat(1_100_000);'),
    ...one('huge', { retries: 3 }),
  });
  const symbol = activityOf(await stand.run('symbol'), 'it');
  assert.is(symbol.error?.code, 'RESULT_NOT_JSON');
  assert.is(symbol.attempts, 1, 'what ends the same every time is not tried again');
  const huge = activityOf(await stand.run('huge'), 'it');
  assert.is(huge.error?.code, 'RESULT_TOO_LARGE');
  assert.match(String(huge.error?.message), /1048576/, 'the cap is named');
  assert.is(huge.output, null);
});

scripts('a script without main fails only the activity that reaches it', async () => {
  await stand.write({
    'activities/mainless.ts': 'export const description = "x";',
    ...workflow('mainless', {
      rootChildren: ['first', 'second'],
      activities: [
        { id: 'first', script: './activities/alone.ts' },
        { id: 'second', script: './activities/mainless.ts' },
      ],
    }),
  });
  const view = await stand.run('mainless');
  assert.is(view.status, 'failed');
  assert.is(activityOf(view, 'first').status, 'completed');
  assert.is(activityOf(view, 'second').error?.code, 'MAIN_MISSING');
});

scripts('a capability that is not declared is refused by its name and not tried again', async () => {
  await stand.write({
    ...script('calling', "return (await fetch('https://example.org/')).status;"),
    ...one('calling', { retries: 2 }),
  });
  const failed = activityOf(await stand.run('calling', { tenantOrganizationId: 'org-a' }), 'it');
  assert.is(failed.error?.code, 'CAPABILITY_REFUSED');
  assert.match(String(failed.error?.message), /http/);
  assert.is(failed.attempts, 1);
});

scripts('db reaches the rows of the tenant and nothing else', async () => {
  const body = `const { error } = await db.from('notes').insert({ tenant_id: input.tenant, body: { word: input.word } });
    if (error) return { error: error.message };
    const { data } = await db.from('notes').select('tenant_id, body');
    return { rows: data };`;
  await stand.write({
    ...script('noting', body, "import { db } from 'cloister';"),
    ...one('noting', { params: { word: '$input.word', tenant: '$input.tenantOrganizationId' } }),
    ...script('stealing', body, "import { db } from 'cloister';"),
    ...workflow('stealing', {
      rootChildren: ['it'],
      activities: [{ id: 'it', script: './activities/stealing.ts', params: { word: 'x', tenant: 'org-a' } }],
    }),
    'cloister.yaml': 'capabilities: [fhir, log, db]\ndb: { tables: [notes] }\n',
  });
  for (const tenant of ['org-a', 'org-b']) {
    const view = await stand.run('noting', { word: tenant, tenantOrganizationId: tenant });
    assert.is(view.status, 'completed', JSON.stringify(view.error));
    assert.equal(activityOf(view, 'it').output, { rows: [{ tenant_id: tenant, body: { word: tenant } }] });
  }
  const stolen = await stand.run('stealing', { tenantOrganizationId: 'org-b' });
  assert.match(JSON.stringify(activityOf(stolen, 'it').output), /error/, 'a row of another tenant cannot be written');
});

scripts('deterministic: true fixes clock and randomness to the run', async () => {
  await stand.write({
    ...script('drawing', 'return { at: Date.now(), draw: Math.random(), id: crypto.randomUUID() };'),
    ...workflow('drawing', {
      deterministic: true,
      rootChildren: ['it'],
      activities: [{ id: 'it', script: './activities/drawing.ts' }],
    }),
  });
  const view = await stand.run('drawing');
  const { at } = activityOf(view, 'it').output as { at: number };
  assert.ok(at <= Date.parse(String(activityOf(view, 'it').startedAt)), 'the clock is that of the schedule');
});

scripts('grants that cannot be read are the trouble of the host: the script waits, and its run completes', async () => {
  const file = join(stand.dataDir, 'tenants.yaml');
  await writeFile(file, 'org-a: [this is: no grant');
  const { status, body } = await stand.start('alone', { tenantOrganizationId: 'org-a' });
  assert.is(status, 202);
  await new Promise((done) => setTimeout(done, 1500));
  const url = `${stand.host.url}/workflows/alone/runs/${body.runId}`;
  const open = (await (await fetch(url)).json()) as RunView;
  assert.is(open.status, 'in-progress');
  await rm(file);
  const view = await stand.follow('alone', String(body.runId));
  assert.is(view.status, 'completed', JSON.stringify(view.error));
  assert.is(activityOf(view, 'it').attempts, 1);
});

scripts.run();
