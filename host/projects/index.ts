/** Project workers: started, stopped and looked after here, on this host and through the database on the others. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { type ProjectRow, type ProjectStore, queueProblem } from '../../registry/index.ts';
import { answerOf, refused } from './failure.ts';
import { Fleet, leaseOf } from './fleet.ts';
import { Leases } from './leases.ts';
import { Membership } from './membership.ts';
import { Monitor } from './monitor.ts';
import { Remote } from './remote.ts';
import type { ProjectSettings } from './settings.ts';
import type {
  ChangedWorker,
  Launch,
  LoadsCode,
  ReloadedProject,
  StartedWorker,
  WorkerDetail,
  WorkerFigures,
  WorkerStats,
  WorkerView,
} from './types.ts';
import { detailOf, statsOf, viewOf } from './view.ts';
import type { ProjectWorker } from './worker.ts';

/** What project workers are made of. */
export interface ProjectWorkersOptions {
  readonly store: ProjectStore;
  readonly code: LoadsCode;
  readonly launch: Launch;
  readonly settings: ProjectSettings;
  readonly log: Logger;
  /** Name of this machine; absent: as the system has it. */
  readonly host?: string;
  /** Clock of this host; absent: the system's. */
  readonly now?: () => number;
}

const ROWS = 10;

/** The project workers of one host. Ids are lower-case UUIDs. Every method rejects with `ApiError`, or `StoreError` `STORE_UNAVAILABLE`. */
export class ProjectWorkers {
  /** Name of this host in rows. */
  readonly host: string;
  readonly #options: ProjectWorkersOptions;
  readonly #leases: Leases;
  readonly #fleet: Fleet;
  readonly #remote: Remote;
  readonly #membership: Membership;
  readonly #monitor: Monitor;
  #closed: Promise<void> | null = null;

  private constructor(options: ProjectWorkersOptions) {
    const { store, code, launch, settings, log, host = hostname(), now = Date.now } = options;
    const processId = String(process.pid);
    const holder = `${host}-${processId}-${randomBytes(4).toString('hex')}`;
    const leases = new Leases({ store, holder, host, settings, log });
    const fleet = new Fleet({ store, code, launch, settings, leases, host, processId, log });
    const remote = new Remote({ store, holder, host, settings });
    const { embedded } = settings;
    const membership = new Membership({ store, leases, holder, host, embedded, log, now });
    this.host = host;
    this.#options = options;
    this.#leases = leases;
    this.#fleet = fleet;
    this.#remote = remote;
    this.#membership = membership;
    this.#monitor = new Monitor({ store, fleet, membership, remote, settings, holder, host, log });
    fleet.onLoss(() => this.#monitor.wake());
  }

  /** Joins the hosts over the database. Rejects with `CLOCK_SKEW` and `EMBEDDED_SINGLE_HOST`. Nothing is started yet. */
  static async open(options: ProjectWorkersOptions): Promise<ProjectWorkers> {
    const workers = new ProjectWorkers(options);
    try {
      await workers.#membership.open();
    } catch (error) {
      await workers.#leases.close();
      throw error;
    }
    workers.#leases.start();
    return workers;
  }

  /** From now on what is wanted and free is started here. */
  startMonitoring(): void {
    this.#monitor.start();
  }

  /** One pass of the monitor, now. */
  pass(): Promise<void> {
    return this.#monitor.pass();
  }

  /** Starts the worker of a project; returns the one that runs, here or elsewhere. */
  async start(projectId: string): Promise<StartedWorker> {
    this.#refuseWhenClosing();
    return this.#fleet.turns.take(projectId, async () => {
      const project = await this.#active(projectId);
      const own = this.#fleet.get(projectId);
      await this.#want(project);
      if (own) {
        // Its code may have been changed since it was looked at: the answer has what is wrong with it as it is now.
        own.loaded = await this.#options.code.load(project);
        return this.#started(own, true);
      }
      const worker = await this.#fleet.start(project, 'api').catch((error: unknown) => {
        throw answerOf(error, 'starting');
      });
      return worker ? this.#started(worker, false) : this.#elsewhere(project);
    });
  }

  /** Stops it on all hosts, and keeps it stopped. */
  async stop(projectId: string): Promise<ChangedWorker> {
    const { store } = this.#options;
    const project = await this.#existing(projectId);
    await store.changeProject(project.id, { workerDesired: 'stopped' });
    const own = await this.#fleet.turns.take(projectId, async () => {
      // A start that came before may have wished it to run in the meantime.
      await store.changeProject(project.id, { workerDesired: 'stopped' });
      const worker = this.#fleet.get(projectId);
      if (worker) await this.#fleet.stop(worker);
      return worker;
    });
    const isDone = await this.#remote.stopped(projectId);
    return { projectId, accepted: !isDone, workerId: own?.workerId ?? null, warnings: [] };
  }

  /** Stops it, waits a moment and starts it with the newest code, where it runs; starts it where it does not. */
  async restart(projectId: string): Promise<ChangedWorker> {
    this.#refuseWhenClosing();
    const worker = await this.#fleet.turns.take(projectId, async () => {
      const project = await this.#active(projectId);
      const own = this.#fleet.get(projectId);
      await this.#want(project);
      if (own) return this.#fleet.restart(own, project);
      const others = await this.#remote.leases(projectId);
      return others.length > 0 ? null : this.#fleet.start(project, 'api');
    });
    const isDone = await this.#remote.restart(projectId);
    const warnings = worker ? [...worker.loaded.errors, ...worker.loaded.warnings] : [];
    return { projectId, accepted: !isDone, workerId: worker?.workerId ?? null, warnings };
  }

  /** Reads, checks and compiles the code as it is now; no worker is stopped. Quarantined code is among the warnings. */
  async reload({ projectId }: { readonly projectId: string }): Promise<ReloadedProject> {
    const { code, log } = this.#options;
    const project = await this.#existing(projectId);
    const loaded = await code.load(project);
    const worker = this.#fleet.get(project.id);
    if (worker) worker.loaded = loaded;
    const { workflows, activities } = loaded;
    const about = { projectId: project.id, workerId: worker?.workerId ?? null, host: this.host };
    const digests = workflows.map(({ name, digest }) => ({ name, digest }));
    log.info({ event: 'worker_reloaded', ...about, digests, codeLoadMs: loaded.loadMs }, 'code was read anew');
    const warnings = [...loaded.errors, ...loaded.warnings];
    return { projectId: project.id, taskQueue: project.taskQueueName, workflows, activities, warnings };
  }

  /** The project was changed to this: its worker here goes by it at once, those of other hosts from their next look on. */
  follow(project: ProjectRow): void {
    const own = this.#fleet.get(project.id);
    if (own?.project.taskQueueName === project.taskQueueName) own.project = project;
    this.#monitor.wake();
  }

  /** The worker of a project on whatever host; `stopped` for one that never ran. */
  async status(projectId: string): Promise<WorkerView> {
    const { store, settings } = this.#options;
    const project = await this.#existing(projectId);
    const [rows, leases] = await Promise.all([
      store.listProjectWorkers(projectId, ROWS),
      store.listLeases(leaseOf(projectId, '')),
    ]);
    return viewOf(project, rows, leases, settings);
  }

  /** Projects whose worker runs on this host. */
  running(): readonly string[] {
    return this.#fleet.all().map(({ project }) => project.id);
  }

  /** Workers of all hosts that have not ended. */
  async details(): Promise<readonly WorkerDetail[]> {
    const rows = await this.#options.store.listWorkers(['starting', 'running', 'stopping']);
    return rows.map((row) => detailOf(row));
  }

  /** Figures of a project's worker: as of now where it runs here, as of the last heartbeat where it runs elsewhere. */
  async statistics(projectId: string): Promise<WorkerStats> {
    const own = this.#fleet.get(projectId);
    if (own) return own.stats();
    await this.#existing(projectId);
    const [row] = await this.#options.store.listProjectWorkers(projectId, 1);
    return row ? statsOf(row) : {};
  }

  figures(): WorkerFigures {
    return this.#fleet.figures();
  }

  /** Starts nothing more, drains all workers side by side, marks their rows and gives the leases back. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { log } = this.#options;
    const { host } = this;
    log.info({ event: 'shutdown_started', host, workers: this.running().length }, 'project workers are being stopped');
    const began = performance.now();
    await Promise.all([this.#fleet.close(), this.#monitor.close()]);
    await this.#leases.close();
    const ms = Math.round(performance.now() - began);
    log.info({ event: 'shutdown_finished', host, ms }, 'project workers have stopped');
  }

  async #existing(projectId: string): Promise<ProjectRow> {
    const project = await this.#options.store.getProject(projectId);
    if (project) return project;
    throw refused('PROJECT_NOT_FOUND', {
      where: 'projects',
      found: `no row ${projectId}`,
      expected: 'an existing project',
    });
  }

  /** One whose worker may be started. */
  async #active(projectId: string): Promise<ProjectRow> {
    const project = await this.#existing(projectId);
    if (!project.isActive) {
      const expected = 'an active project';
      throw refused('PROJECT_INACTIVE', { where: 'projects', found: `${projectId}, which is switched off`, expected });
    }
    const problem = queueProblem(project.taskQueueName, projectId);
    if (problem) throw answerOf(problem, 'starting');
    return project;
  }

  async #want({ id, workerDesired }: ProjectRow): Promise<void> {
    if (workerDesired !== 'running') await this.#options.store.changeProject(id, { workerDesired: 'running' });
  }

  #started(worker: ProjectWorker, alreadyRunning: boolean): StartedWorker {
    const { project, workerId, loaded } = worker;
    return {
      projectId: project.id,
      workerId,
      taskQueue: project.taskQueueName,
      host: this.host,
      alreadyRunning,
      workflows: loaded.workflows.length,
      warnings: [...loaded.errors, ...loaded.warnings],
    };
  }

  /** All slots are held: by workers that run, or by ones that start or stop. */
  async #elsewhere(project: ProjectRow): Promise<StartedWorker> {
    const rows = await this.#options.store.listProjectWorkers(project.id, ROWS);
    const row = rows.find(({ status }) => status === 'running') ?? rows[0];
    const { id: projectId, taskQueueName: taskQueue } = project;
    if (row?.status !== 'running') {
      throw refused('LEASE_HELD', {
        where: `worker of project ${projectId}`,
        found: `one that is ${row?.status === 'stopping' ? 'stopping' : 'starting'} on host ${row?.host ?? 'another'}`,
        expected: 'a worker that runs, or none',
      });
    }
    const { workerId, host } = row;
    return { projectId, workerId, taskQueue, host: host ?? '', alreadyRunning: true, workflows: null, warnings: [] };
  }

  #refuseWhenClosing(): void {
    if (this.#fleet.closing.aborted) throw refused('SHUTTING_DOWN');
  }
}
