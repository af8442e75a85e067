/**
 * A leash for programs that are not ours (Temporal, Go, a database): they end when this process ends, however it ends.
 * A pipe from here to a small shell says so: the kernel closes it even after kill -9.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** How to start the program. Standard input is the leash; outputs are dropped unless told otherwise. */
export interface LeashOptions {
  readonly stdout?: 'ignore' | 'pipe' | number;
  readonly stderr?: 'ignore' | 'pipe' | number;
  readonly cwd?: string;
  /** The whole environment of the program; by default this process's. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How a program ended: an exit code, or the signal that ended it. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program on the leash. `child.pid` is the program itself, and leads its own process group. */
export interface Leashed {
  readonly child: ChildProcess;
  /** Resolves when the program has ended. Never rejects; a program that cannot be started ends with code 127. */
  readonly ended: Promise<Ended>;
  /** SIGTERM, after `graceMs` SIGKILL to all of its group. Resolves when it has ended; may be called again. */
  stop(graceMs?: number): Promise<Ended>;
}

const DEFAULT_GRACE_MS = 5000;
const OVER = 'over';

// The shell becomes the program (same process id), so signals sent to the child reach it. The watcher it leaves behind
// reads the leash: a word when the program has ended by itself, nothing when the parent is gone.
const SCRIPT = `
exec 3<&0 </dev/null
(
  trap '' TERM INT HUP
  read -r word <&3
  [ "$word" = ${OVER} ] && exit
  kill -s TERM -- -$$
  tries=0
  while [ $tries -lt 50 ] && kill -0 $$; do sleep 0.1; tries=$((tries + 1)); done
  kill -s KILL -- -$$
) >/dev/null 2>&1 &
exec "$@" 3<&-
`;

/**
 * Starts `command` (found on PATH unless absolute) in a session of its own, so that a Ctrl-C meant for the host does not
 * end it before the host has put it out of use.
 */
export function leash(command: string, args: readonly string[], options: LeashOptions = {}): Leashed {
  const { stdout = 'ignore', stderr = 'ignore', cwd, env } = options;
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'leash', command, ...args], {
    detached: true,
    stdio: ['pipe', stdout, stderr],
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
  });
  child.stdin?.on('error', () => {});
  const ended = new Promise<Ended>((resolve) => {
    child.once('error', () => resolve({ code: 127, signal: null }));
    child.once('exit', (code, signal) => {
      child.stdin?.end(`${OVER}\n`);
      resolve({ code, signal });
    });
  });
  return { child, ended, stop: (graceMs = DEFAULT_GRACE_MS) => stop(child, ended, graceMs) };
}

async function stop(child: ChildProcess, ended: Promise<Ended>, graceMs: number): Promise<Ended> {
  child.kill('SIGTERM');
  const late = new AbortController();
  const timer = sleep(graceMs, 'late', { signal: late.signal }).catch(() => 'ended');
  if ((await Promise.race([ended, timer])) === 'late' && child.pid !== undefined) killGroup(child.pid);
  late.abort();
  return ended;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
