/** What is asked of other hosts: written into the database, done by the host that has the worker, waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LeaseRow, ProjectStore, WorkerRow } from '../../registry/index.ts';
import { isProjectErrorCode } from '../codes.ts';
import { refused } from './failure.ts';
import { isLive } from './membership.ts';
import type { ProjectSettings } from './settings.ts';
import type { ProjectWorker } from './worker.ts';

/** What asking takes. */
export interface RemoteOptions {
  readonly store: ProjectStore;
  readonly holder: string;
  readonly host: string;
  readonly settings: Pick<ProjectSettings, 'answerMs'>;
}

const WISHES = 'restart/';
const LOOK_MS = 250;

/** The other hosts over the database. */
export class Remote {
  readonly #options: RemoteOptions;

  constructor(options: RemoteOptions) {
    this.#options = options;
  }

  /** Leases of the project's slots that other hosts have. */
  async leases(projectId: string): Promise<LeaseRow[]> {
    const { store, holder } = this.#options;
    const rows = await store.listLeases(`project/${projectId}/`);
    return rows.filter((row) => isLive(row, Date.now()) && row.holder !== holder);
  }

  /** Resolves to true when no other host has a worker of the project any more; to false when the time is up. */
  async stopped(projectId: string): Promise<boolean> {
    return this.#until(async () => (await this.leases(projectId)).length === 0);
  }

  /**
   * Has the workers of the project that other hosts run restarted. False: not all were within the time. Rejects with the failure
   * of a start there.
   */
  async restart(projectId: string): Promise<boolean> {
    const rows = await this.#running(projectId);
    for (const row of rows) await this.#wish(row);
    const waiting = new Map(rows.map((row) => [row.slot, row.workerId]));
    return this.#until(async () => {
      for (const row of await this.#newest(projectId)) {
        if (waiting.get(row.slot) === row.workerId) continue;
        if (row.status === 'failed' && waiting.has(row.slot)) throw failureOf(row);
        if (row.status === 'running') waiting.delete(row.slot);
      }
      return waiting.size === 0;
    });
  }

  /** Those of this host's workers that others wish restarted. */
  async wished(workers: readonly ProjectWorker[]): Promise<ProjectWorker[]> {
    if (workers.length === 0) return [];
    const rows = await this.#options.store.listLeases(WISHES);
    const live = new Set(rows.filter((row) => isLive(row, Date.now())).map(({ holder }) => holder));
    return workers.filter(({ workerId }) => live.has(workerId));
  }

  /** A wish is a lease in the name of the worker that it is about: there is one at a time, and it lapses. */
  async #wish({ projectId, slot, workerId }: WorkerRow): Promise<void> {
    const { store, host, settings } = this.#options;
    const now = Date.now();
    const expiresAt = iso(now + 2 * settings.answerMs);
    const resource = `${WISHES}${projectId}/${slot ?? 0}`;
    const [before] = (await store.listLeases(resource)).filter((row) => row.resource === resource);
    // One that is about a worker of before is as good as over.
    const asOf = before?.holder !== workerId && before?.expiresAt ? Date.parse(before.expiresAt) + 1 : 0;
    await store.acquireLease({ resource, holder: workerId, host, now: iso(Math.max(now, asOf)), expiresAt });
  }

  async #running(projectId: string): Promise<WorkerRow[]> {
    const held = new Set((await this.leases(projectId)).map(({ resource }) => resource));
    const rows = await this.#newest(projectId);
    return rows.filter(({ status, slot }) => status === 'running' && held.has(`project/${projectId}/${slot}`));
  }

  /** The newest row of each slot. */
  async #newest(projectId: string): Promise<WorkerRow[]> {
    const rows = await this.#options.store.listProjectWorkers(projectId, ROWS);
    return rows.filter((row, n) => rows.findIndex(({ slot }) => slot === row.slot) === n);
  }

  async #until(isDone: () => Promise<boolean>): Promise<boolean> {
    const end = performance.now() + this.#options.settings.answerMs;
    while (!(await isDone())) {
      if (performance.now() > end) return false;
      await sleep(LOOK_MS);
    }
    return true;
  }
}

const ROWS = 50;
const iso = (time: number): string => new Date(time).toISOString();

/** What a call is answered with when a row says that the start failed on another host. */
export function failureOf({ metadata }: WorkerRow) {
  const { told } = metadata as { told?: { code?: unknown; message?: unknown } };
  const error = refused(isProjectErrorCode(told?.code) ? told.code : 'WORKER_FAILED');
  if (typeof told?.message === 'string') error.message = told.message;
  return error;
}
