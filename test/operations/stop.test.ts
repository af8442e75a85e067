// timeout: 150
/** `cloister start` is told to stop while a script runs: a process of its own, with everything embedded. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freePort } from '../../host/embedded/port.ts';
import { startWitness, telling, tellingProject, tenantsFile, type Witness } from '../durability/witness.ts';
import { temporaryFolder, workflow, writeFiles } from '../stand/project.ts';

const stop = suite('a production host that is told to stop');
const ROOT = join(import.meta.dirname, '../..');
const TOKEN = 'a-token-of-the-administrator';
const { PATH = '', HOME = '', TEMPORAL_CLI_PATH, CLOISTER_CACHE_DIR } = process.env;
const owned = new AsyncDisposableStack();
let witness: Witness;
let folder: string;
let port: number;

stop.before(async () => {
  witness = await startWitness();
  owned.defer(() => witness.close());
  const temporary = await temporaryFolder('stop');
  owned.defer(() => temporary.remove());
  folder = temporary.path;
  port = await freePort();
  await writeFiles(join(folder, 'project'), {
    ...tellingProject(witness),
    ...workflow('chain', { rootChildren: ['a', 'b', 'c'], activities: ['a', 'b', 'c'].map((id) => telling(id)) }),
  });
  await writeFile(join(folder, 'tenants.yaml'), tenantsFile(witness, ['org-1']));
});
stop.after(() => owned.disposeAsync());

async function startHost() {
  const host = spawn(process.execPath, [join(ROOT, 'host/bootstrap.mjs'), 'start'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH,
      HOME,
      ...(TEMPORAL_CLI_PATH && { TEMPORAL_CLI_PATH }),
      ...(CLOISTER_CACHE_DIR && { CLOISTER_CACHE_DIR }),
      CLOISTER_EMBEDDED: 'true',
      CLOISTER_API_TOKEN: TOKEN,
      CLOISTER_LISTEN_ADDRESS: '127.0.0.1',
      CLOISTER_DATA_DIR: join(folder, 'data'),
      CLOISTER_TENANTS_FILE: join(folder, 'tenants.yaml'),
      WORKFLOW_DIR: join(folder, 'project'),
      WORKER_SERVICE_PORT: String(port),
      LOG_LEVEL: 'info',
    },
  });
  const ended = once(host, 'exit').then(([code]) => code as number | null);
  owned.defer(async () => {
    host.kill('SIGKILL');
    await ended;
  });
  const lines: string[] = [];
  const said = createInterface({ input: host.stderr });
  const serves = new Promise<void>((resolve) => {
    said.on('line', (line) => {
      lines.push(line);
      if (line.startsWith('API on')) resolve();
    });
  });
  await Promise.race([serves, ended]);
  assert.is(host.exitCode, null, lines.join('\n'));
  return { host, ended };
}

async function call(path: string, init: RequestInit = {}) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** SIGTERM, and what the host says while it drains. */
async function told(host: { kill(signal: 'SIGTERM'): boolean }) {
  host.kill('SIGTERM');
  const limit = performance.now() + 5000;
  while ((await call('/ready')).status === 200) {
    assert.ok(performance.now() < limit, 'it does not say that it stops');
    await sleep(20);
  }
  return { ready: await call('/ready'), start: await call('/workflows/chain/run', { method: 'POST', body: '{}' }) };
}

stop(
  'it is not ready at once and starts nothing; a second signal ends it at once, and the next host goes on',
  async () => {
    const first = await startHost();
    assert.equal((await call('/ready')).body.status, 'ready');
    assert.equal(Object.keys((await call('/ready')).body.checks as object).sort(), ['database', 'fhir', 'temporal']);
    witness.hold('a');
    const input = JSON.stringify({ witness: witness.url, tenantOrganizationId: 'org-1' });
    const started = await call('/workflows/chain/run', { method: 'POST', body: input });
    assert.is(started.status, 202, JSON.stringify(started.body));
    await witness.seen('start', 'a');
    const { ready, start } = await told(first.host);
    assert.equal([ready.status, ready.body.status], [503, 'stopping']);
    assert.equal([start.status, start.body.code], [503, 'STOPPING']);
    // One Ctrl-C may arrive several times within a second.
    await sleep(1200);
    const since = performance.now();
    first.host.kill('SIGTERM');
    assert.is(await first.ended, 130);
    assert.ok(performance.now() - since < 5000);
    witness.release();

    const second = await startHost();
    witness.hold('b');
    await witness.seen('start', 'b');
    assert.is(witness.count('start', 'a'), 2, 'what was cut off was done again');
    assert.equal((await told(second.host)).ready.status, 503);
    await sleep(500);
    assert.is(second.host.exitCode, null, 'it waits for what runs');
    witness.release();
    assert.is(await second.ended, 0);
    assert.is(witness.count('end', 'b'), 1, 'what ran was let end');
    assert.is(witness.count('start', 'b'), 1);

    await startHost();
    const { runId } = started.body;
    const limit = performance.now() + 30_000;
    for (;;) {
      const { body } = await call(`/workflows/chain/runs/${runId}`);
      if (body.status === 'completed') break;
      assert.is(body.status, 'in-progress', JSON.stringify(body));
      assert.ok(performance.now() < limit);
      await sleep(200);
    }
    assert.is(witness.count('end', 'b'), 1, 'and not done again');
    assert.is(witness.count('end', 'c'), 1);
  },
);

stop.run();
