/** Processes of the machine as /proc shows them. */
import { readdirSync, readFileSync } from 'node:fs';

/** One process. Process ids are used again; with the start time they are not. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly started: string;
  readonly command: string;
  /** CPU time so far, in hundredths of a second. */
  readonly cpu: number;
}

/** Processes that run; those that have ended and were not waited for do not. */
export function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => read(Number(name)) ?? []);
}

/** All that a process has started, directly or not, as long as the parents in between live. */
export function descendants(pid: number): Process[] {
  const all = processes();
  const found: Process[] = [];
  for (let parents = new Set([pid]); parents.size > 0; ) {
    const children = all.filter(({ parent }) => parents.has(parent));
    found.push(...children);
    parents = new Set(children.map((child) => child.pid));
  }
  return found;
}

/** Those of `known` that still run. */
export function alive(known: readonly Process[]): Process[] {
  const now = new Set(processes().map(({ pid, started }) => `${pid} ${started}`));
  return known.filter(({ pid, started }) => now.has(`${pid} ${started}`));
}

function read(pid: number): Process | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name, which may hold anything: state, parent, …, and the start time as the 22nd field of all.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 400);
    return {
      pid,
      parent: Number(fields[1]),
      started: fields[19] ?? '',
      command,
      cpu: Number(fields[11]) + Number(fields[12]),
    };
  } catch {
    return null;
  }
}
