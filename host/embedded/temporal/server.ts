/** One Temporal dev server as a child process, tuned, on 127.0.0.1 only, with its runs in a SQLite file. */
import { chmod, mkdir, open, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { type Leashed, leash } from '../leash.ts';
import { freePort } from '../port.ts';
import { ensureAttributes, missingAttributes, SEARCH_ATTRIBUTES } from './attributes.ts';

/** What to start. The folder of `dbFile` is made if need be; the server's log lies beside it, as `temporal.log`. */
export interface TemporalOptions {
  /** Path of the `temporal` program. */
  readonly binary: string;
  readonly dbFile: string;
  readonly namespace: string;
  /** Free ones by default. */
  readonly port?: number;
  readonly uiPort?: number;
  /** Without its web interface: starts a little faster. */
  readonly headless?: boolean;
}

/** A server that answers. `close` ends it; a server of somebody else's (`pid` null) is left alone. */
export interface Temporal {
  /** host:port of its gRPC service. */
  readonly address: string;
  readonly uiUrl: string | null;
  readonly namespace: string;
  readonly pid: number | null;
  /** Resolves when it has ended. May be called again. */
  close(): Promise<void>;
}

const START_LIMIT_MS = 30_000;
const POLL_MS = 50;
const ANSWER_LIMIT_MS = 1000;
const STOP_GRACE_MS = 5000;
const LOG_TAIL = 2000;

// As shipped every queue is read at most 20 times a second, which costs 50 ms on each hop of a workflow.
const DYNAMIC_CONFIG = {
  'history.transferProcessorMaxPollRPS': 1000,
  'history.timerProcessorMaxPollRPS': 1000,
  'history.visibilityProcessorMaxPollRPS': 1000,
  'system.enableActivityEagerExecution': true,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
};
// A commit then survives a crash of the processes, though not a power cut, for a third of the writes to disk.
const SQLITE_PRAGMAS = ['journal_mode=WAL', 'synchronous=NORMAL'];

/**
 * Starts the server and resolves when its namespace and search attributes can be used. Rejects with the end of its log
 * when it ends or is not ready within 30 s; nothing is left running then.
 */
export async function startTemporal(options: TemporalOptions): Promise<Temporal> {
  const { dbFile, port: givenPort, uiPort: givenUiPort } = options;
  await mkdir(dirname(dbFile), { recursive: true });
  const attempt = async () => {
    const port = givenPort ?? (await freePort());
    return startOn(port, givenUiPort ?? (await freePort()), options);
  };
  // Between finding a free port and listening on it somebody else may take it.
  return attempt().catch((error) => (/address already in use/.test(String(error)) ? attempt() : Promise.reject(error)));
}

async function startOn(port: number, uiPort: number, options: TemporalOptions): Promise<Temporal> {
  const { binary, dbFile, namespace, headless = false } = options;
  const logFile = join(dirname(dbFile), 'temporal.log');
  const log = await open(logFile, 'w', 0o600);
  const args = serverArgs({ dbFile, namespace, port, uiPort, headless });
  const server = leash(binary, args, { stdout: log.fd, stderr: log.fd, env: { PATH: '/usr/bin:/bin' } });
  await log.close();
  try {
    await ready(server, port, namespace);
    await own(dbFile);
  } catch (error) {
    await server.stop(0);
    throw new Error(`the Temporal server did not start: ${sentence(error)}\n${await tail(logFile)}`);
  }
  const uiUrl = headless ? null : `http://127.0.0.1:${uiPort}`;
  const close = async () => void (await server.stop(STOP_GRACE_MS));
  return { address: `127.0.0.1:${port}`, uiUrl, namespace, pid: server.child.pid ?? null, close };
}

/** Histories hold every tenant's data: no other user of the machine may read them. The server takes no file made beforehand. */
async function own(dbFile: string): Promise<void> {
  await chmod(dbFile, 0o600);
  // What SQLite makes later beside the file has its mode; these are there already, or were left behind.
  await Promise.allSettled([chmod(`${dbFile}-wal`, 0o600), chmod(`${dbFile}-shm`, 0o600)]);
}

/** Whether a Temporal server answers at `address` within `withinMs`. */
export async function answers(address: string, withinMs: number): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: withinMs }).catch(() => null);
  await connection?.close();
  return connection !== null;
}

function serverArgs(given: Required<Omit<TemporalOptions, 'binary'>>): string[] {
  const { dbFile, namespace, port, uiPort, headless } = given;
  const repeated = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value]);
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--db-filename', dbFile],
    ...['--namespace', namespace, '--log-level', 'warn', '--disable-config-env', '--disable-config-file'],
    ...(headless ? ['--headless'] : ['--ui-port', String(uiPort)]),
    ...repeated('--sqlite-pragma', SQLITE_PRAGMAS),
    ...repeated(
      '--search-attribute',
      SEARCH_ATTRIBUTES.map((name) => `${name}=Keyword`),
    ),
    ...repeated(
      '--dynamic-config-value',
      Object.entries(DYNAMIC_CONFIG).map(([key, value]) => `${key}=${value}`),
    ),
  ];
}

async function ready(server: Leashed, port: number, namespace: string): Promise<void> {
  const limit = AbortSignal.timeout(START_LIMIT_MS);
  let over: string | null = null;
  void server.ended.then(({ code, signal }) => {
    over = `it ended with ${signal ?? `code ${code}`}`;
  });
  const keepWaiting = async () => {
    if (over !== null) throw new Error(over);
    if (limit.aborted) throw new Error(`no answer within ${START_LIMIT_MS / 1000} s`);
    await sleep(POLL_MS);
  };
  // gRPC waits a second between attempts to connect, so the port is tried first.
  while (!(await isListening(port))) await keepWaiting();
  const connection = Connection.lazy({ address: `127.0.0.1:${port}` });
  try {
    while (!(await isUsable(connection, namespace))) await keepWaiting();
  } finally {
    await connection.close();
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** The server makes the attributes of its command line with its database: one that an earlier version has made lacks some. */
async function isUsable(connection: Connection, namespace: string): Promise<boolean> {
  const look = async (): Promise<boolean> => {
    await ensureAttributes(connection, namespace);
    return (await missingAttributes(connection, namespace)).length === 0;
  };
  return connection.withDeadline(Date.now() + ANSWER_LIMIT_MS, look).catch(() => false);
}

async function tail(file: string): Promise<string> {
  return (await readFile(file, 'utf8').catch(() => '')).slice(-LOG_TAIL).trim();
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
