/**
 * Ring four: a memory cgroup for each cell, where this process may make one. The kernel then ends a cell that passes its cap
 * between two looks of ring three. Version 2 where its memory controller is delegated to this process's group, else version
 * 1; elsewhere there is none, and ring three is the last one.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The group of one cell. Every method is safe after the process has ended. */
export interface MemoryGroup {
  /** Sets the cap. */
  limit(mb: number): void;
  /** Whether the kernel ended a process of the group for its memory. */
  wasKilled(): boolean;
  /** Takes the group away. Call it when the process is gone. */
  close(): void;
}

/** Where groups can be made. */
export interface MemoryGroups {
  readonly version: 1 | 2;
  /** Puts a process into a group of its own; null when the kernel does not let us. */
  join(pid: number): MemoryGroup | null;
}

interface Files {
  readonly max: string;
  /** Written along with a new group, where it exists. */
  readonly extra: readonly (readonly [file: string, value: string])[];
  readonly events: string;
}

const FILES: Readonly<Record<1 | 2, Files>> = {
  1: { max: 'memory.limit_in_bytes', extra: [], events: 'memory.oom_control' },
  2: { max: 'memory.max', extra: [['memory.swap.max', '0']], events: 'memory.events' },
};

const PREFIX = 'cloister-';

/** Finds the place for groups below this process's own; null where there is none. Removes what killed hosts left there. */
export function findMemoryGroups(): MemoryGroups | null {
  const place = findPlace();
  if (!place) return null;
  const { version, dir } = place;
  for (const name of attempt(() => readdirSync(dir)) ?? []) {
    // The kernel keeps a group that has a process in it.
    if (name.startsWith(PREFIX)) attempt(() => rmdirSync(join(dir, name)));
  }
  return { version, join: (pid) => joinGroup(version, join(dir, `${PREFIX}${process.pid}-${pid}`), pid) };
}

function joinGroup(version: 1 | 2, dir: string, pid: number): MemoryGroup | null {
  const { max, extra, events } = FILES[version];
  const close = (): void => void attempt(() => rmdirSync(dir));
  const made = attempt(() => {
    mkdirSync(dir);
    readFileSync(join(dir, max));
    for (const [file, value] of extra) attempt(() => writeFileSync(join(dir, file), value));
    writeFileSync(join(dir, 'cgroup.procs'), String(pid));
    return true;
  });
  if (!made) {
    close();
    return null;
  }
  return {
    limit: (mb) => void attempt(() => writeFileSync(join(dir, max), String(mb * 2 ** 20))),
    wasKilled: () => /^oom_kill [1-9]/m.test(attempt(() => readFileSync(join(dir, events), 'utf8')) ?? ''),
    close,
  };
}

function findPlace(): { readonly version: 1 | 2; readonly dir: string } | null {
  const own = attempt(() => readFileSync('/proc/self/cgroup', 'utf8'));
  const mounts = attempt(() => readFileSync('/proc/self/mounts', 'utf8'));
  if (own === undefined || mounts === undefined) return null;
  const second = placeOf(/^0::(.*)$/m.exec(own), /^\S+ (\S+) cgroup2 /m.exec(mounts));
  const delegated = second && attempt(() => readFileSync(join(second, 'cgroup.subtree_control'), 'utf8'));
  if (second && delegated?.split(/\s+/).includes('memory')) return { version: 2, dir: second };
  const first = placeOf(
    /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(own),
    /^\S+ (\S+) cgroup (?:\S*,)?memory(?:,| )/m.exec(mounts),
  );
  return first ? { version: 1, dir: first } : null;
}

function placeOf(path: RegExpExecArray | null, mount: RegExpExecArray | null): string | null {
  return path?.[1] !== undefined && mount?.[1] !== undefined ? join(mount[1], path[1]) : null;
}

/** Undefined when the kernel says no, for whatever reason: this ring is there or it is not. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
