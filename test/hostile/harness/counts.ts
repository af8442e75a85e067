/** What must come back to where it was after an attack: threads, handles, processes. Linux shows them in /proc. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Sandbox } from '../../../sandbox/index.ts';
import { descendants } from '../../durability/processes.ts';

/** Figures of one moment. */
export interface Counts {
  /** Threads of the host. */
  readonly threads: number;
  /** Most threads of a cell. */
  readonly cellThreads: number;
  /** Timers and open requests of the host's event loop; pipes and processes are counted as cells. */
  readonly handles: number;
  /** Open files and sockets of the host. */
  readonly descriptors: number;
  readonly cells: number;
  /** Processes that a cell has started. */
  readonly grandchildren: number;
  readonly running: number;
  readonly queued: number;
}

const PROCESSES = new Set(['PipeWrap', 'ProcessWrap']);

/** Takes the figures. */
export function countAll(sandbox: Sandbox): Counts {
  const { cells, queued } = sandbox.stats();
  return {
    threads: statusOf(process.pid, 'Threads'),
    cellThreads: Math.max(0, ...cells.map(({ pid }) => statusOf(pid, 'Threads'))),
    handles: process.getActiveResourcesInfo().filter((name) => !PROCESSES.has(name)).length,
    descriptors: readdirSync('/proc/self/fd').length,
    cells: cells.length,
    grandchildren: cells.reduce((sum, { pid }) => sum + descendants(pid).length, 0),
    running: cells.reduce((sum, { running }) => sum + running, 0),
    queued,
  };
}

/** Most memory that a live cell ever had, MiB. */
export function peakMb(sandbox: Sandbox): number {
  return Math.max(0, ...sandbox.stats().cells.map(({ pid }) => statusOf(pid, 'VmHWM') / 1024));
}

/**
 * Differences that a settled host does not have. Timers and sockets may be a few more: pools keep connections for the next
 * call, each with a timer; and so may threads of a cell: one that is stuck shows as a run that has not left.
 */
export function unsettled(before: Counts, now: Counts): readonly string[] {
  const more = (name: keyof Counts, most: number): string[] =>
    now[name] > most ? [`${name}: ${now[name]} instead of ${most}`] : [];
  return [
    ...more('running', 0),
    ...more('queued', 0),
    ...more('grandchildren', 0),
    ...more('cells', Math.max(before.cells, 1)),
    ...more('threads', before.threads),
    ...more('cellThreads', Math.max(before.cellThreads, 1) + POOLED),
    ...more('handles', before.handles + KEPT),
    ...more('descriptors', before.descriptors + KEPT),
  ];
}

/** Threads that the pools of a cell may have more than they happened to have: one for each run at once. */
const POOLED = 8;

/** Connections that the pools of one tenant keep, to the FHIR server, the database and the web. */
const KEPT = 24;

function statusOf(pid: number, name: string): number {
  try {
    const found = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return Number(found?.[1] ?? 0);
  } catch {
    return 0;
  }
}
