/** The command line as a user starts it: a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { leash } from '../../host/embedded/leash.ts';

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command under way, in a session of its own. `until` waits for a text on one of its streams and gives what it wrote there so far. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  until(stream: 'stdout' | 'stderr', text: RegExp): Promise<string>;
}

const BOOTSTRAP = join(import.meta.dirname, '../../host/bootstrap.mjs');
const LIMIT_MS = 60_000;

/** Starts `cloister ARGS…` in a folder. It is killed after a minute. */
export function start(cwd: string, ...args: string[]): Running {
  const { child, stop } = leash(process.execPath, [BOOTSTRAP, ...args], { cwd, stdout: 'pipe', stderr: 'pipe' });
  const limit = setTimeout(() => void stop(0), LIMIT_MS);
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => {
      clearTimeout(limit);
      resolve({ code, ...text });
    });
  });
  const until: Running['until'] = async (name, pattern) => {
    while (!pattern.test(text[name])) {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`it ended before ${pattern}:\n${text.stdout}${text.stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    return text[name];
  };
  return { child, ended, until };
}

/** Runs `cloister ARGS…` in a folder to its end. */
export function cloister(cwd: string, ...args: string[]): Promise<Ended> {
  return start(cwd, ...args).ended;
}
