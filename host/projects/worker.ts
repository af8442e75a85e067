/** One life of a project's worker: its row, its heartbeat and the Temporal worker, from the start to the end. */
import type { Logger } from 'pino';
import type { ProjectRow, ProjectStore } from '../../registry/index.ts';
import { projectSentence } from '../../registry/index.ts';
import { scope } from '../log.ts';
import { answerOf, type Phase, refusalOf, refused } from './failure.ts';
import type { Lease, Leases } from './leases.ts';
import { Load } from './load.ts';
import { WorkerRecord } from './record.ts';
import { restartAfter } from './restarts.ts';
import type { ProjectSettings } from './settings.ts';
import { stampOf } from './stamp.ts';
import type { Launch, Launched, LoadedCode, LoadsCode, StartedBy, WorkerFigures, WorkerStats } from './types.ts';

/** What all workers of a host share. */
export interface WorkerParts {
  readonly store: ProjectStore;
  readonly code: LoadsCode;
  readonly launch: Launch;
  readonly settings: ProjectSettings;
  readonly leases: Leases;
  readonly host: string;
  readonly processId: string;
  readonly log: Logger;
}

/** Which worker it is to be. */
export interface WorkerOf {
  readonly project: ProjectRow;
  readonly slot: number;
  readonly lease: Lease;
  readonly startedBy: StartedBy;
  /** Aborted: the host is to end, and starts nothing. */
  readonly closing: AbortSignal;
}

const ROWS_BEFORE = 10;

/** A worker that was started. Whoever starts it ends it once, by `stop` or `fail`; the lease stays with the caller. */
export class ProjectWorker {
  readonly of: WorkerOf;
  /** The project as it is now. */
  project: ProjectRow;
  readonly #parts: WorkerParts;
  #record: WorkerRecord;
  #loaded: LoadedCode = { workflows: [], activities: [], warnings: [], errors: [], loadMs: 0 };
  #launched: Launched | null = null;
  #phase: Phase = 'starting';
  #heartbeat: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();
  #latencyMs: number | null = null;
  #beatAt: number | null = null;
  readonly #load = new Load();

  private constructor(parts: WorkerParts, of: WorkerOf, record: WorkerRecord) {
    this.#parts = parts;
    this.of = of;
    this.project = of.project;
    this.#record = record;
  }

  /**
   * Starts one; resolves when it polls and its row is `running`. When a step fails those before it are undone, the row is
   * `failed`, and it rejects with `ApiError`.
   */
  static async begin(parts: WorkerParts, of: WorkerOf): Promise<ProjectWorker> {
    const { host, processId, store } = parts;
    const { project, slot, lease, startedBy } = of;
    const first = { status: 'starting' as const, metadata: { startedBy } };
    const rowOf = { project, host, processId, slot, fence: lease.fence };
    const record = await WorkerRecord.insert(store, rowOf, first).catch((error: unknown) => {
      throw answerOf(error, 'starting');
    });
    const worker = new ProjectWorker(parts, of, record);
    worker.#tell('info', 'worker_starting', {}, 'a project worker starts');
    try {
      await worker.#start();
      return worker;
    } catch (error) {
      throw await worker.fail(error);
    }
  }

  get workerId(): string {
    return this.#record.workerId;
  }

  get loaded(): LoadedCode {
    return this.#loaded;
  }

  set loaded(loaded: LoadedCode) {
    this.#loaded = loaded;
  }

  /** Settles when the Temporal worker ends, whoever ends it; rejects when it failed. */
  get ended(): Promise<void> {
    return this.#launched?.ended ?? Promise.resolve();
  }

  /** Nothing runs in it, and nothing waits in its memory. */
  get isIdle(): boolean {
    const { workflowsCached = 0, activitiesRunning = 0 } = this.#launched?.stats() ?? {};
    return workflowsCached === 0 && activitiesRunning === 0;
  }

  figures(): WorkerFigures['workers'][number] {
    return {
      projectId: this.project.id,
      workerId: this.workerId,
      taskQueue: this.project.taskQueueName,
      uptimeMs: Date.now() - Date.parse(this.#record.startedAt),
      workflows: this.#loaded.workflows.length,
      codeLoadMs: this.#loaded.loadMs,
      heartbeatLatencyMs: this.#latencyMs,
      heartbeatAgeMs: this.#beatAt === null ? null : performance.now() - this.#beatAt,
      stats: this.#launched?.stats() ?? {},
    };
  }

  /** `metadata.stats`. */
  stats(): WorkerStats {
    const { uptimeMs, workflows, codeLoadMs, heartbeatLatencyMs, stats } = this.figures();
    return {
      ...stats,
      uptimeSec: Math.round(uptimeMs / 1000),
      workflows,
      codeLoadMs: Math.round(codeLoadMs),
      heartbeatLatencyMs: Math.round(heartbeatLatencyMs ?? 0),
      ...this.#load.now(),
    };
  }

  /**
   * Drains it: what runs gets the grace time, and the heartbeat goes on meanwhile. The row ends as `stopped`, or as `failed`
   * when it had to be forced. Does not reject: a database that is down leaves a row which others close.
   */
  async stop(): Promise<void> {
    this.#tell('info', 'stop_requested', {}, 'a project worker is to stop');
    this.#phase = 'stopping';
    await this.#written(() => this.#record.stopping());
    const forced = await this.#drain();
    await this.#silence();
    this.#parts.code.forget(this.project.id);
    if (forced === null) {
      await this.#written(() => this.#record.stopped());
      return this.#tell('info', 'worker_stopped', {}, 'a project worker has stopped');
    }
    const about = { error: 'forced', cause: forced.message, phase: this.#phase, occurredAt: now(), restart: soon() };
    await this.#written(() => this.#record.failed({ ...about, code: 'WORKER_FAILED' }));
    this.#tell(
      'warn',
      'worker_failed',
      { reason: 'forced' },
      'a project worker did not drain in time, and was cut off',
    );
  }

  /** Ends what is left of it after an error, and closes its row as `failed`. Resolves to what a call is answered with. */
  async fail(error: unknown): Promise<ReturnType<typeof answerOf>> {
    const phase = this.#phase;
    await this.#silence();
    await this.#drain();
    this.#parts.code.forget(this.project.id);
    const answer = answerOf(error, phase);
    const { code, restart } = await this.#judge(answer.code);
    const raw = error instanceof Error ? error : new Error(String(error));
    const told = { code, message: answer.message };
    const about = { error: raw.message, stack: raw.stack, code, phase, occurredAt: now(), restart, told };
    await this.#written(() => this.#record.failed({ ...about, load_errors: this.#loadErrors() }));
    const isCrash = phase === 'running' && answer.code !== 'LEASE_LOST';
    const event = isCrash ? 'worker_crashed' : 'worker_failed';
    this.#tell('error', event, { code, err: error, restart }, 'a project worker failed');
    return answer;
  }

  async #start(): Promise<void> {
    const { code, launch } = this.#parts;
    const begun = performance.now();
    this.#loaded = await code.load(this.project);
    for (const problem of this.#loaded.errors) {
      const { workflowId, code } = problem;
      this.#tell('warn', 'workflow_quarantined', { workflowId, code }, projectSentence(problem));
    }
    const broken = this.#loaded.errors.find(({ workflowId, componentId }) => workflowId && !componentId);
    if (broken && this.#loaded.workflows.length === 0) throw refusalOf(broken);
    this.#refuseWhenOver();
    this.#launched = await launch(() => this.project);
    // Heard where it is waited for.
    this.#launched.ended.catch(() => undefined);
    this.#refuseWhenOver();
    const metadata = { stats: this.stats(), load_errors: this.#loadErrors() };
    const asked = performance.now();
    if (!(await this.#record.run(metadata))) throw refused('HEARTBEAT_ROW_LOST');
    this.#beaten(asked);
    this.#phase = 'running';
    // Of no request, whoever asked for the start.
    this.#heartbeat = scope.exit(() => setInterval(() => this.#beat(), this.#parts.settings.heartbeatMs));
    this.#heartbeat.unref();
    const { workflows, activities, loadMs } = this.#loaded;
    const { taskQueueName: taskQueue } = this.project;
    const counts = { workflows: workflows.length, activities: activities.length, codeLoadMs: Math.round(loadMs) };
    const startMs = Math.round(performance.now() - begun);
    this.#tell('info', 'worker_running', { taskQueue, fence: this.of.lease.fence }, 'a project worker polls');
    this.#tell('info', 'worker_started', { ...counts, taskQueue, startMs }, 'a project worker has started');
  }

  #refuseWhenOver(): void {
    if (this.of.closing.aborted) throw refused('SHUTTING_DOWN');
    if (this.of.lease.lost.aborted) throw refused('LEASE_LOST');
  }

  /** Ends the Temporal worker. Null when it drained; else why it was cut off. */
  async #drain(): Promise<Error | null> {
    const launched = this.#launched;
    if (launched === null) return null;
    const { forceMs } = this.#parts.settings;
    const late = Promise.withResolvers<Error>();
    // The Temporal worker keeps the time itself; this is for one that does not.
    const timer = setTimeout(() => late.resolve(new Error('it did not end in time')), forceMs + LATE_MS);
    const done = launched
      .stop()
      .then(() => launched.ended)
      .then(
        () => null,
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      );
    return Promise.race([done, late.promise]).finally(() => clearTimeout(timer));
  }

  #beat(): void {
    this.#beating = this.#beating.then(() => this.#beatOnce());
  }

  /** Nothing that goes wrong with a beat stops the worker, but for the loss of its lease. */
  async #beatOnce(): Promise<void> {
    if (this.#heartbeat === undefined) return;
    const asked = performance.now();
    try {
      if (await this.#record.beat({ stats: this.stats() })) return this.#beaten(asked);
      if (!(await this.#parts.leases.check(this.of.lease))) return;
      this.#tell('warn', 'heartbeat_failed', { code: 'HEARTBEAT_ROW_LOST' }, 'the row of a worker was gone');
      this.#record = await this.#record.again();
    } catch (error) {
      const about = { code: 'HEARTBEAT_WRITE_FAILED', err: error };
      this.#tell('warn', 'heartbeat_failed', about, 'a heartbeat could not be written');
    }
  }

  #beaten(asked: number): void {
    this.#beatAt = performance.now();
    this.#latencyMs = this.#beatAt - asked;
  }

  async #silence(): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
    await this.#beating;
  }

  async #judge(code: string) {
    const { store, settings } = this.#parts;
    const { startedBy } = this.of;
    const before = await this.#record.before(ROWS_BEFORE).catch(() => []);
    const stamp = await stampOf(store, this.project).catch(() => '');
    const failure = { code, stamp, startedBy, startedAt: this.#record.startedAt };
    const isWanted = settings.autoRestart && this.project.autoRestart;
    const context = { isWanted, rule: settings.restart, before, now: Date.now(), chance: Math.random() };
    return restartAfter(failure, context);
  }

  #loadErrors() {
    return this.#loaded.errors.map((problem) => ({
      workflowId: problem.workflowId ?? null,
      componentId: problem.componentId ?? null,
      code: problem.code,
      message: projectSentence(problem),
    }));
  }

  async #written(write: () => Promise<boolean>): Promise<void> {
    try {
      if (!(await write()))
        this.#tell('warn', 'row_closed', {}, 'the row of a worker had been closed by somebody else');
    } catch (error) {
      this.#tell('warn', 'row_not_written', { err: error }, 'the row of a worker could not be written');
    }
  }

  #tell(level: 'info' | 'warn' | 'error', event: string, about: object, words: string): void {
    const { host, log } = this.#parts;
    const { id: projectId } = this.project;
    log[level]({ event, projectId, workerId: this.workerId, host, slot: this.of.slot, ...about }, words);
  }
}

const LATE_MS = 2_000;
const now = (): string => new Date().toISOString();
const soon = () => ({ attempt: 1, nextAt: now() });
