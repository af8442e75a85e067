// timeout: 180
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freePort } from '../../host/embedded/port.ts';
import {
  answers,
  connectOrStart,
  findTemporal,
  SEARCH_ATTRIBUTES,
  startTemporal,
  type Temporal,
  TemporalMissingError,
} from '../../host/embedded/temporal.ts';
import { cacheFolder } from '../../host/env/cache.ts';
import { readEnvironment } from '../../host/env.ts';
import { isRunning } from './alive.ts';
import { until } from './until.ts';

const test = suite('embedded Temporal');
const run = promisify(execFile);
const environment = readEnvironment();
const noLog = () => {};
const folder = await mkdtemp(join(tmpdir(), 'cloister-temporal-'));
const cliPath = environment.temporalCliPath;
const binary = await findTemporal({ cliPath, cacheDir: cacheFolder(environment), log: console.log });
const open: Temporal[] = [];

async function start(name: string, namespace = 'default'): Promise<Temporal> {
  const server = await startTemporal({ binary, dbFile: join(folder, name, 'temporal.db'), namespace });
  open.push(server);
  return server;
}

async function withClient<T>({ address, namespace }: Temporal, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection, namespace }));
  } finally {
    await connection.close();
  }
}

test.after(async () => {
  for (const server of open) await server.close();
  await rm(folder, { recursive: true, force: true });
});

test('a started server has its namespace, and finds runs by each search attribute at once', async () => {
  const server = await start('attributes', 'billing-tests');
  await withClient(server, async (client) => {
    const searchAttributes = Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, ['here']]));
    await client.workflow.start('any', { workflowId: 'one', taskQueue: 'none', searchAttributes });
    for (const name of SEARCH_ATTRIBUTES) {
      await until(async () => (await client.workflow.count(`${name} = "here"`)).count === 1, 20_000);
    }
  });
});

test('its runs survive a restart on the same file', async () => {
  const first = await start('restart');
  await withClient(first, (client) => client.workflow.start('any', { workflowId: 'kept', taskQueue: 'none' }));
  await first.close();
  const second = await start('restart');
  const { status } = await withClient(second, (client) => client.workflow.getHandle('kept').describe());
  assert.is(status.name, 'RUNNING');
});

test('a file that an earlier version has made gets the search attributes that it lacks', async () => {
  const dbFile = join(folder, 'earlier', 'temporal.db');
  await mkdir(join(folder, 'earlier'));
  const port = await freePort();
  const [first = ''] = SEARCH_ATTRIBUTES;
  const where = ['--ip', '127.0.0.1', '--port', String(port), '--headless', '--db-filename', dbFile];
  const earlier = spawn(binary, ['server', 'start-dev', ...where, '--search-attribute', `${first}=Keyword`], {
    stdio: 'ignore',
  });
  const ended = once(earlier, 'exit');
  await until(() => answers(`127.0.0.1:${port}`, 1000), 20_000);
  earlier.kill();
  await ended;
  const server = await start('earlier');
  await withClient(server, async ({ connection }) => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    for (const name of SEARCH_ATTRIBUTES) assert.ok(customAttributes?.[name], name);
  });
});

test('what it keeps is for its own user alone', async () => {
  await start('private');
  for (const name of await readdir(join(folder, 'private'))) {
    const { mode } = await stat(join(folder, 'private', name));
    assert.is(mode & 0o077, 0, `${name}: ${mode.toString(8)}`);
  }
});

test('its runs survive kill -9', async () => {
  const first = await start('killed');
  await withClient(first, (client) => client.workflow.start('any', { workflowId: 'kept', taskQueue: 'none' }));
  process.kill(first.pid ?? 0, 'SIGKILL');
  await first.close();
  const second = await start('killed');
  const { status } = await withClient(second, (client) => client.workflow.getHandle('kept').describe());
  assert.is(status.name, 'RUNNING');
});

test('close ends the process, twice is once', async () => {
  const server = await start('closed');
  await server.close();
  await server.close();
  assert.not(isRunning(server.pid ?? 0));
});

test('it ends when the process that started it is killed with -9', async () => {
  const door = new URL('../../host/embedded/temporal.ts', import.meta.url).href;
  const options = { binary, dbFile: join(folder, 'orphan', 'temporal.db'), namespace: 'default', headless: true };
  const code = `import { startTemporal } from '${door}';
    const { pid } = await startTemporal(${JSON.stringify(options)});
    console.log(pid);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(parent.stdout.setEncoding('utf8'), 'data');
  assert.ok(isRunning(Number(line)));
  parent.kill('SIGKILL');
  await until(() => !isRunning(Number(line)), 20_000);
});

const onLinux = process.platform === 'linux' ? test : test.skip;
onLinux('it listens on the loopback address only', async () => {
  const { pid } = await start('loopback');
  const own = new Set(await socketsOf(pid ?? 0));
  const lines = (await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8')))).join('\n');
  const listening = lines
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A');
  const addresses = listening.filter((fields) => own.has(fields[9] ?? '')).map((fields) => fields[1]?.split(':')[0]);
  assert.ok(addresses.length >= 2);
  assert.equal([...new Set(addresses)], ['0100007F']);
});

async function socketsOf(pid: number): Promise<readonly string[]> {
  const names = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

test('a port in use is an error with the end of the log, and nothing stays', async () => {
  const taken = createServer((socket) => socket.destroy()).listen(await freePort(), '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  assert.ok(typeof address === 'object' && address);
  const options = { binary, dbFile: join(folder, 'port', 'temporal.db'), namespace: 'default', port: address.port };
  const message = await startTemporal(options).then(
    () => 'started',
    (error: Error) => error.message,
  );
  await new Promise((resolve) => taken.close(resolve));
  assert.match(message, /did not start: it ended with code 1/);
  assert.match(message, /address already in use/);
});

test('a server that answers at TEMPORAL_ADDRESS is used, and left alone', async () => {
  const theirs = await start('theirs');
  const given = { ...environment, temporalAddress: theirs.address };
  const ours = await connectOrStart({ environment: given, log: noLog, dbFile: join(folder, 'unused', 'x.db') });
  assert.is(ours.address, theirs.address);
  assert.is(ours.pid, null);
  await ours.close();
  assert.ok(isRunning(theirs.pid ?? 0));
});

test('where none answers there, one is started, and that is said', async () => {
  const lines: string[] = [];
  const given = { ...environment, temporalAddress: `127.0.0.1:${await freePort()}`, temporalCliPath: binary };
  const dbFile = join(folder, 'fallback', 'temporal.db');
  const server = await connectOrStart({ environment: given, log: (line) => lines.push(line), dbFile });
  open.push(server);
  assert.ok(server.pid);
  assert.match(lines[0] ?? '', /no Temporal server answers at TEMPORAL_ADDRESS/);
});

test('TEMPORAL_CLI_PATH that is no temporal program is refused by name', async () => {
  const error = await findTemporal({ cliPath: join(folder, 'nothing'), cacheDir: folder, log: noLog }).catch((e) => e);
  assert.instance(error, TemporalMissingError);
  assert.match(error.message, /TEMPORAL_CLI_PATH is .*nothing, which is not a temporal program/);
});

/** Looks for the program in a process without PATH and, by Node's permission model, without network. */
async function findElsewhere(cacheDir: string): Promise<string> {
  const door = new URL('../../host/embedded/temporal/find.ts', import.meta.url).href;
  const code = `import { findTemporal } from '${door}';
    const options = { cliPath: null, cacheDir: ${JSON.stringify(cacheDir)}, log: () => {} };
    console.log(await findTemporal(options).catch((error) => error.name + ': ' + error.message));`;
  const closed = ['--permission', '--allow-fs-read=*', '--allow-fs-write=*', '--allow-child-process'];
  const node = [process.execPath, ...closed, '--no-warnings', '--input-type=module', '-e', code];
  return (await run('env', ['-i', 'PATH=/nonexistent', ...node])).stdout.trim();
}

test('where there is no way, the error names each with what is in its way', async () => {
  const cacheDir = join(folder, 'empty-cache');
  const message = await findElsewhere(cacheDir);
  assert.match(message, /^TemporalMissingError: /);
  for (const way of ['TEMPORAL_ADDRESS', 'TEMPORAL_CLI_PATH', 'temporal.download', 'no `go` on PATH']) {
    assert.match(message, way);
  }
  assert.equal(await readdir(cacheDir), []);
});

test('a program in the cache is used without asking anybody', async () => {
  const cacheDir = join(folder, 'full-cache');
  await mkdir(cacheDir);
  const program = join(cacheDir, 'temporal-v1.5.1');
  await writeFile(program, '#!/bin/sh\n');
  await chmod(program, 0o755);
  assert.is(await findElsewhere(cacheDir), program);
});

test.run();
