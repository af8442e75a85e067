/** The row of one worker's life in `workflow_workers`. It takes the transitions of the specification (7) and no other. */
import { randomBytes } from 'node:crypto';
import type { ProjectRow, ProjectStore, WorkerRow, WorkerStatus } from '../../registry/index.ts';

/** Which worker a row is about. */
export interface RecordOf {
  readonly project: ProjectRow;
  readonly host: string;
  readonly processId: string;
  readonly slot: number;
  readonly fence: number;
}

/** What a row says beside its columns. */
export type Metadata = Readonly<Record<string, unknown>>;

/** The row. Methods reject with `STORE_UNAVAILABLE`. */
export class WorkerRecord {
  readonly workerId: string;
  readonly startedAt: string;
  readonly #store: ProjectStore;
  readonly #of: RecordOf;
  #metadata: Metadata;

  private constructor(store: ProjectStore, of: RecordOf, metadata: Metadata) {
    const { host, processId, project } = of;
    this.workerId = `${host}-${processId}-${project.id}-${randomBytes(4).toString('hex')}`;
    this.startedAt = new Date().toISOString();
    this.#store = store;
    this.#of = of;
    this.#metadata = metadata;
  }

  /** Writes a new row: `starting`, or `running` in place of one that is gone. */
  static async insert(
    store: ProjectStore,
    of: RecordOf,
    { status, metadata }: { readonly status: 'starting' | 'running'; readonly metadata: Metadata },
  ): Promise<WorkerRecord> {
    const record = new WorkerRecord(store, of, metadata);
    const { project, host, processId, slot, fence } = of;
    await store.insertWorker({
      workerId: record.workerId,
      projectId: project.id,
      taskQueueName: project.taskQueueName,
      status,
      host,
      processId,
      startedAt: record.startedAt,
      lastHeartbeat: status === 'running' ? record.startedAt : null,
      metadata,
      slot,
      leaseFence: fence,
    });
    return record;
  }

  get metadata(): Metadata {
    return this.#metadata;
  }

  /** `starting` → `running`, with the first heartbeat. False: the row is not there any more. */
  run(metadata: Metadata): Promise<boolean> {
    return this.#move(['starting'], { status: 'running', lastHeartbeat: now() }, metadata);
  }

  /** A heartbeat. False: no such row, or it was closed. */
  beat(metadata: Metadata): Promise<boolean> {
    return this.#move(['running', 'stopping'], { lastHeartbeat: now() }, metadata);
  }

  /** `running` → `stopping`. */
  stopping(): Promise<boolean> {
    return this.#move(['running'], { status: 'stopping' });
  }

  /** `stopping` → `stopped`. Makes up for a step that the database missed. */
  async stopped(): Promise<boolean> {
    const change = { status: 'stopped' as const, stoppedAt: now() };
    if (await this.#move(['stopping'], change)) return true;
    return (await this.stopping()) && this.#move(['stopping'], change);
  }

  /** Any open state → `failed`. */
  failed(metadata: Metadata): Promise<boolean> {
    const change = { status: 'failed' as const, stoppedAt: now(), lastHeartbeat: null };
    return this.#move(['starting', 'running', 'stopping'], change, metadata);
  }

  /** A new row, `running`, of the same worker. */
  again(): Promise<WorkerRecord> {
    return WorkerRecord.insert(this.#store, this.#of, { status: 'running', metadata: this.#metadata });
  }

  /** Rows of the project before this one, newest first. */
  async before(limit: number): Promise<WorkerRow[]> {
    const rows = await this.#store.listProjectWorkers(this.#of.project.id, limit + 1);
    return rows.filter(({ workerId }) => workerId !== this.workerId);
  }

  async #move(
    from: readonly WorkerStatus[],
    change: Partial<Pick<WorkerRow, 'status' | 'stoppedAt' | 'lastHeartbeat'>>,
    more: Metadata = {},
  ): Promise<boolean> {
    this.#metadata = { ...this.#metadata, ...more };
    const row = await this.#store.moveWorker(this.workerId, from, { ...change, metadata: this.#metadata });
    return row !== null;
  }
}

const now = (): string => new Date().toISOString();
