/** Starts the embedded FHIR R4 server in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { compiledEnvironment } from '../../bootstrap/compiled.mjs';

/** What `startFhirServer` needs. */
export interface FhirServerOptions {
  /** The SQLite file; its folder is made when missing. One server per file. */
  readonly dbFile: string;
  /** Port on 127.0.0.1; default 0, any free one. */
  readonly port?: number;
  /** Ends the server when aborted. */
  readonly signal?: AbortSignal;
}

/** A running server. */
export interface FhirServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`; the bases below it are `/fhir` and `/Organization/{id}/fhir`. */
  readonly url: string;
  readonly pid: number;
  /** Ends the server and resolves when its process is gone. May be called twice. */
  close(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const NODE_FLAGS = ['--max-old-space-size=512', '--expose-gc', '--disable-warning=ExperimentalWarning'];
const READY_MS = 30_000;
const KILL_MS = 5_000;

/**
 * Resolves when it serves. Its environment says at most where compiled code is kept, and it ends with this process even after
 * kill -9. Rejects when it ends before it serves (a port in use, an unreadable file), or does not serve within 30 s.
 */
export async function startFhirServer({ dbFile, port = 0, signal }: FhirServerOptions): Promise<FhirServer> {
  signal?.throwIfAborted();
  const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, '--db', dbFile, '--port', String(port)], {
    env: compiledEnvironment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => {});
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  const close = () => end(child, child.stdin, gone);
  const bound = await announcedPort(child.stdout, gone).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  signal?.addEventListener('abort', () => void close(), { once: true });
  if (signal?.aborted) await close();
  signal?.throwIfAborted();
  return { url: `http://127.0.0.1:${bound}`, pid: child.pid ?? 0, close, [Symbol.asyncDispose]: close };
}

async function announcedPort(stdout: Readable, gone: Promise<void>): Promise<number> {
  const lines = createInterface({ input: stdout });
  const late = AbortSignal.timeout(READY_MS);
  const line = once(lines, 'line', { signal: late }).then(([text]) => String(text));
  const first = await Promise.race([line, gone.then(() => null)]).catch(() => null);
  lines.close();
  stdout.resume();
  if (first === null) throw new Error('the embedded FHIR server did not start; its reason stands on standard error');
  const { port } = JSON.parse(first) as { port: number };
  return port;
}

async function end(child: ChildProcess, stdin: Writable, gone: Promise<void>): Promise<void> {
  stdin.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), KILL_MS);
  await gone;
  clearTimeout(timer);
}
