/** The project workers of this host: which there are, under which lease, and what becomes of one that ends by itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProjectRow } from '../../registry/index.ts';
import { refused } from './failure.ts';
import type { Lease } from './leases.ts';
import { Turns } from './turns.ts';
import type { StartedBy, WorkerFigures } from './types.ts';
import { ProjectWorker, type WorkerParts } from './worker.ts';

/** Of which lease a project's worker has need. */
export const leaseOf = (projectId: string, slot: number | ''): string => `project/${projectId}/${slot}`;

/** The workers of one host. Methods that change one are called in its project's turn (`turns`). */
export class Fleet {
  readonly turns = new Turns();
  readonly #parts: WorkerParts;
  readonly #workers = new Map<string, ProjectWorker>();
  /** Projects that count for the host's capacity: from the wish for a lease to its return. */
  readonly #taken = new Set<string>();
  readonly #closing = new AbortController();
  readonly #starts = { ok: 0, failed: 0 };
  readonly #crashes = new Map<string, number>();
  #restarts = 0;
  /** Told when a worker ended that nobody had asked to. */
  #onLoss: () => void = () => undefined;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get isFull(): boolean {
    return this.#taken.size >= this.#parts.settings.maxProjects;
  }

  get(projectId: string): ProjectWorker | undefined {
    return this.#workers.get(projectId);
  }

  all(): ProjectWorker[] {
    return [...this.#workers.values()];
  }

  onLoss(told: () => void): void {
    this.#onLoss = told;
  }

  /**
   * Wins the lease of one of the project's slots and starts its worker. Null: others have all slots. Rejects with `HOST_FULL`,
   * and as the start does; the lease is then given back.
   */
  async start(project: ProjectRow, startedBy: StartedBy): Promise<ProjectWorker | null> {
    if (this.closing.aborted) throw refused('SHUTTING_DOWN');
    if (this.isFull && !this.#taken.has(project.id)) throw refused('HOST_FULL');
    this.#taken.add(project.id);
    try {
      const won = await this.#win(project);
      const worker = won && (await this.#begin(project, { ...won, startedBy }));
      if (!worker) this.#taken.delete(project.id);
      return worker;
    } catch (error) {
      this.#taken.delete(project.id);
      throw error;
    }
  }

  /** Drains it and gives its lease back. */
  async stop(worker: ProjectWorker): Promise<void> {
    if (!this.#forget(worker)) return;
    await worker.stop();
    await this.#parts.leases.release(worker.of.lease);
    this.#taken.delete(worker.project.id);
  }

  /** Drains it, waits a moment, starts a new one of the project as it is now, all under one lease. Rejects as a start does. */
  async restart(worker: ProjectWorker, project: ProjectRow): Promise<ProjectWorker> {
    if (!this.#forget(worker)) throw refused('LEASE_LOST');
    const { lease, slot } = worker.of;
    await worker.stop();
    await sleep(this.#parts.settings.restartPauseMs);
    try {
      const next = await this.#begin(project, { lease, slot, startedBy: 'api' });
      this.#restarts += 1;
      const { host, log } = this.#parts;
      const about = { event: 'worker_restarted', projectId: project.id, workerId: next.workerId, host };
      log.info({ ...about, before: worker.workerId }, 'a project worker was restarted');
      return next;
    } catch (error) {
      this.#taken.delete(project.id);
      throw error;
    }
  }

  /** Starts nothing from now on, and stops all of them side by side. */
  async close(): Promise<void> {
    this.#closing.abort();
    // What is starting finds out by itself, in its own turn.
    const stops = this.all().map((worker) => this.turns.take(worker.project.id, () => this.stop(worker)));
    await Promise.all(stops);
    await this.turns.idle();
    await Promise.all(this.all().map((worker) => this.stop(worker)));
  }

  figures(): WorkerFigures {
    const { leases } = this.#parts;
    return {
      workers: this.all().map((worker) => worker.figures()),
      starts: { ...this.#starts },
      crashes: Object.fromEntries(this.#crashes),
      restarts: this.#restarts,
      leasesHeld: leases.size,
      leasesLost: leases.lost,
    };
  }

  async #win({ id, workerSlots }: ProjectRow): Promise<{ lease: Lease; slot: number } | null> {
    for (let slot = 0; slot < workerSlots; slot++) {
      const lease = await this.#parts.leases.acquire(leaseOf(id, slot));
      if (lease) return { lease, slot };
    }
    return null;
  }

  async #begin(
    project: ProjectRow,
    of: { readonly lease: Lease; readonly slot: number; readonly startedBy: StartedBy },
  ): Promise<ProjectWorker> {
    try {
      if (this.closing.aborted) throw refused('SHUTTING_DOWN');
      // As while one drained: a row of this host's would stand above that of the new holder.
      if (of.lease.lost.aborted) throw refused('LEASE_LOST');
      const worker = await ProjectWorker.begin(this.#parts, { ...of, project, closing: this.closing });
      this.#starts.ok += 1;
      this.#workers.set(project.id, worker);
      this.#watch(worker);
      return worker;
    } catch (error) {
      this.#starts.failed += 1;
      await this.#parts.leases.release(of.lease);
      throw error;
    }
  }

  #watch(worker: ProjectWorker): void {
    const { lost } = worker.of.lease;
    const lose = (error: unknown): void => {
      void this.turns.take(worker.project.id, () => this.#fail(worker, error)).then(this.#onLoss);
    };
    const onLost = (): void => lose(refused('LEASE_LOST'));
    lost.addEventListener('abort', onLost, { once: true });
    if (lost.aborted) onLost();
    const end = (error: unknown): void => {
      lost.removeEventListener('abort', onLost);
      if (this.#workers.get(worker.project.id) === worker) lose(error);
    };
    worker.ended.then(() => end(new Error('the worker ended by itself')), end);
  }

  async #fail(worker: ProjectWorker, error: unknown): Promise<void> {
    if (!this.#forget(worker)) return;
    const { code } = await worker.fail(error);
    if (code !== 'LEASE_LOST') this.#crashes.set(code, (this.#crashes.get(code) ?? 0) + 1);
    await this.#parts.leases.release(worker.of.lease);
    this.#taken.delete(worker.project.id);
  }

  /** False: somebody else ends it, or has. */
  #forget(worker: ProjectWorker): boolean {
    if (this.#workers.get(worker.project.id) !== worker) return false;
    return this.#workers.delete(worker.project.id);
  }
}
