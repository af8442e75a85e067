// timeout: 120
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import proto from '@temporalio/proto';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { workflowBundle } from '../../host/temporal/bundle.ts';
import { temporaryFolder } from '../stand/project.ts';

const replay = suite('recorded histories of runs');
const { History } = proto.temporal.api.history.v1;
const HISTORIES = fileURLToPath(new URL('../histories/', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const KINDS = 'cancelled child decoupled failure host-lost parallel rerun retry sequence skip'.split(' ');
const QUIET = new DefaultLogger('ERROR', () => undefined);

let scratch: { path: string; remove(): Promise<void> };

replay.before(async () => {
  Runtime.install({ logger: QUIET, telemetryOptions: { logging: { forward: {} } } });
  scratch = await temporaryFolder('replay');
});
replay.after(() => scratch.remove());

interface Recorded {
  readonly name: string;
  readonly workflowId: string;
  readonly history: ReturnType<typeof History.fromObject>;
}

async function recorded(): Promise<Recorded[]> {
  const files = (await readdir(HISTORIES)).filter((name) => name.endsWith('.json')).sort();
  return Promise.all(
    files.map(async (name) => {
      const { workflowId, history } = JSON.parse(await readFile(join(HISTORIES, name), 'utf8'));
      return { name: name.slice(0, -'.json'.length), workflowId, history: History.fromObject(history) };
    }),
  );
}

/** Names of the histories that the bundle does not replay, with the reason. */
async function broken(code: string, histories: readonly Recorded[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let at = 0;
  for await (const { error } of Worker.runReplayHistories({ workflowBundle: { code } }, histories)) {
    if (error) found.set(histories[at]?.name ?? '', `${error.name} ${error.message}`);
    at += 1;
  }
  assert.is(at, histories.length, 'not every history was replayed');
  return found;
}

/** Bundle of the workflows with one text of one file replaced. */
async function changed(file: string, from: string, to: string): Promise<string> {
  const folder = join(scratch.path, crypto.randomUUID());
  await mkdir(folder);
  await cp(join(ROOT, 'host', 'temporal', 'workflows'), join(folder, 'workflows'), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const path = join(folder, 'workflows', file);
  const text = await readFile(path, 'utf8');
  assert.ok(text.includes(from), `${file} has no ${from}: change this test with it`);
  await writeFile(path, text.replace(from, to));
  return (await bundleWorkflowCode({ workflowsPath: join(folder, 'workflows', 'index.ts'), logger: QUIET })).code;
}

replay('there is one of every kind', async () => {
  assert.equal(
    (await recorded()).map(({ name }) => name).filter((name) => KINDS.includes(name)),
    KINDS,
  );
});

replay('every one replays with the workflow as it is', async () => {
  const { code } = await workflowBundle(scratch.path);
  const found = await broken(code, await recorded());
  assert.equal([...found], []);
});

replay('a walk in another order is found out', async () => {
  const found = await broken(
    await changed('walk.ts', 'for (const id of ids) await', 'for (const id of [...ids].reverse()) await'),
    await recorded(),
  );
  assert.match(found.get('sequence') ?? 'replayed', /DeterminismViolation/);
  assert.ok(found.has('failure'));
});

replay('so is a run whose resource is closed before its walk', async () => {
  const swapped = await changed(
    'billing.ts',
    'this.#label(loaded.plan);',
    "await this.#close('completed'); this.#label(loaded.plan);",
  );
  assert.equal([...(await broken(swapped, await recorded())).keys()], KINDS);
});

replay('so is an activity under another id, and a lost host that is not made up for', async () => {
  const renamed = await changed('billing.ts', 'lost === 0 ? activity.id', "lost === 0 ? activity.id + '!'");
  assert.ok((await broken(renamed, await recorded())).has('sequence'));
  const giving = await changed('billing.ts', 'if (!isHostLost(error)) throw error;', 'throw error;');
  assert.equal([...(await broken(giving, await recorded())).keys()], ['host-lost']);
});

replay('so is a re-run that executes what was kept', async () => {
  const found = await broken(
    await changed('walk.ts', 'Object.hasOwn(this.#kept, activity.id)', 'false'),
    await recorded(),
  );
  assert.equal([...found.keys()], ['rerun']);
});

replay.run();
