import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startFhirServer } from '../../host/embedded/fhir/index.ts';

const test = suite<{ dir: string }>('lifetime');

test.before(async (context) => {
  context.dir = await mkdtemp(path.join(tmpdir(), 'cloister-fhir-'));
});

test.after(async ({ dir }) => {
  await rm(dir, { recursive: true, force: true });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function ends(pid: number, withinMs: number): Promise<boolean> {
  for (const until = Date.now() + withinMs; Date.now() < until; await sleep(50)) if (!isAlive(pid)) return true;
  return false;
}

test('the server ends when its parent is killed with -9, and its file can be served again', async ({ dir }) => {
  const dbFile = path.join(dir, 'orphan.db');
  const module = new URL('../../host/embedded/fhir/index.ts', import.meta.url).href;
  const code = `
    const { startFhirServer } = await import(${JSON.stringify(module)});
    const server = await startFhirServer({ dbFile: ${JSON.stringify(dbFile)} });
    await fetch(server.url + '/fhir/Basic/x', { method: 'PUT', headers: { 'content-type': 'application/fhir+json' },
      body: JSON.stringify({ resourceType: 'Basic', id: 'x' }) });
    console.log(server.pid);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: parent.stdout }), 'line');
  const pid = Number(line);
  assert.ok(isAlive(pid));
  parent.kill('SIGKILL');
  assert.ok(await ends(pid, 10_000), 'the orphan is still there');
  await using server = await startFhirServer({ dbFile });
  assert.is((await fetch(`${server.url}/fhir/Basic/x`)).status, 200);
});

test('close ends the process, may be repeated, and does not wait for idle connections', async ({ dir }) => {
  const server = await startFhirServer({ dbFile: path.join(dir, 'close.db') });
  await fetch(`${server.url}/health`);
  await server.close();
  await server.close();
  assert.not.ok(isAlive(server.pid));
});

test('an aborted signal ends the server', async ({ dir }) => {
  const abort = new AbortController();
  const server = await startFhirServer({ dbFile: path.join(dir, 'abort.db'), signal: abort.signal });
  abort.abort();
  assert.ok(await ends(server.pid, 10_000));
  await server.close();
});

test('it listens where told, and a port in use is a rejection with nothing left running', async ({ dir }) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  // The reason goes to standard error; this test expects it there.
  const started = await startFhirServer({ dbFile: path.join(dir, 'port.db'), port }).then(
    () => 'started',
    (error: Error) => error.message,
  );
  assert.match(started, /did not start/);
  taken.close();
  await once(taken, 'close');
  await using server = await startFhirServer({ dbFile: path.join(dir, 'port.db'), port });
  assert.is(server.url, `http://127.0.0.1:${port}`);
});

test('the process knows nothing of the environment but where compiled code is kept, and its file is for its user only', async ({
  dir,
}) => {
  const dbFile = path.join(dir, 'modes', 'private.db');
  await using server = await startFhirServer({ dbFile });
  if (process.platform === 'linux') {
    const environment = await readFile(`/proc/${server.pid}/environ`, 'utf8');
    const names = environment.split('\0').flatMap((line) => line.split('=')[0] || []);
    assert.equal(
      names.filter((name) => name !== 'NODE_COMPILE_CACHE'),
      [],
    );
  }
  assert.is((await stat(dbFile)).mode & 0o077, 0);
});

test.run();
