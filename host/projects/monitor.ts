/** The monitor loop of a host: takes what is free, stops what is not wanted, closes rows of the dead. */
import type { Logger } from 'pino';
import type { LeaseRow, ProjectRow, ProjectStore, WorkerRow } from '../../registry/index.ts';
import { type Fleet, leaseOf } from './fleet.ts';
import { isLive, type Membership } from './membership.ts';
import { fairShare, freeProjects, hasTooMany, nextExpiry, type Sight } from './placement.ts';
import type { Remote } from './remote.ts';
import { isDue, restartOf } from './restarts.ts';
import type { ProjectSettings } from './settings.ts';
import { stampOf } from './stamp.ts';
import type { ProjectWorker } from './worker.ts';

/** What a monitor looks at and acts through. */
export interface MonitorParts {
  readonly store: ProjectStore;
  readonly fleet: Fleet;
  readonly membership: Membership;
  readonly remote: Remote;
  readonly settings: ProjectSettings;
  readonly holder: string;
  readonly host: string;
  readonly log: Logger;
}

/** How much shorter than its period a wait may be, so that hosts do not all look at once. */
const JITTER = 0.2;
/** What others have when this host has its part already. */
const AGAIN_MS = 1_000;
/** After the moment at which a lease ends, or a restart is due. */
const AFTER_MS = 50;
const STARTS_AT_ONCE = 8;

/** The loop. `pass` may also be called by hand, one at a time. */
export class Monitor {
  readonly #parts: MonitorParts;
  #timer: NodeJS.Timeout | undefined;
  #passing: Promise<void> | null = null;
  #isOver = false;
  #isWoken = false;
  /** When the next pass is to be at the latest. */
  #wakeAt = Number.POSITIVE_INFINITY;
  /** What was free in the last pass, and left to others. */
  #left: ReadonlySet<string> = new Set();
  /** Given back so that others have as much to do: not taken again for a while. */
  readonly #given = new Map<string, number>();

  constructor(parts: MonitorParts) {
    this.#parts = parts;
  }

  /** Begins with a pass. */
  start(): void {
    this.#run();
  }

  /** Has a pass soon. */
  wake(): void {
    if (this.#passing) this.#isWoken = true;
    else if (this.#timer !== undefined) this.#run();
  }

  /** Ends the loop when the pass under way has ended. */
  async close(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#passing;
  }

  /** One look at everything. Rejects when the database does not answer. */
  async pass(): Promise<void> {
    const { store, membership } = this.#parts;
    this.#wakeAt = Number.POSITIVE_INFINITY;
    await membership.join();
    const [wanted, rows, members] = await Promise.all([
      store.listWantedProjects(),
      store.listLeases('project/'),
      membership.members(),
    ]);
    const leases = new Map(rows.map((row) => [row.resource, row]));
    await this.#stopUnwanted(wanted);
    await this.#restartWished();
    const newest = new Map((await store.newestWorkers(wanted.map(({ id }) => id))).map((row) => [row.projectId, row]));
    const { holder, host } = this.#parts;
    const sight: Sight = { now: Date.now(), holder, host, members: members.length, wanted, leases, newest };
    await this.#take(sight);
    await this.#closeDead(leases);
    await this.#share({ ...sight, now: Date.now() });
    const expiry = nextExpiry({ ...sight, leases: new Map([...leases, ...named(members)]) });
    if (expiry !== null) this.#wakeBy(expiry + AFTER_MS);
  }

  #run(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isOver || this.#passing) return;
    this.#passing = this.pass()
      .catch((error: unknown) => {
        this.#parts.log.warn(
          { event: 'monitor_failed', err: error },
          'a pass of the monitor failed, and is tried again',
        );
      })
      .then(() => {
        this.#passing = null;
        if (this.#isOver) return;
        const period = this.#parts.settings.monitorMs * (1 - JITTER * Math.random());
        const wait = this.#isWoken ? 0 : Math.min(period, Math.max(AFTER_MS, this.#wakeAt - Date.now()));
        this.#isWoken = false;
        this.#timer = setTimeout(() => this.#run(), wait);
        this.#timer.unref();
      });
  }

  #wakeBy(time: number): void {
    this.#wakeAt = Math.min(this.#wakeAt, time);
  }

  /** Workers here get the row of their project as it is now; those that nobody wants are stopped, side by side. */
  async #stopUnwanted(wanted: readonly ProjectRow[]): Promise<void> {
    const { fleet, store, log, host } = this.#parts;
    const rows = new Map(wanted.map((project) => [project.id, project]));
    const doubted: ProjectWorker[] = [];
    for (const worker of fleet.all()) {
      const project = rows.get(worker.project.id);
      if (project && isServed(worker, project)) worker.project = project;
      else doubted.push(worker);
    }
    for (const worker of doubted) {
      const { id: projectId } = worker.project;
      // Not waited for: a worker may take its time to drain.
      void fleet.turns
        .take(projectId, async () => {
          const project = await store.getProject(projectId);
          const isWanted = project?.isActive && project.workerDesired === 'running';
          if (isWanted && isServed(worker, project)) return;
          if (isWanted && worker.of.slot < project.workerSlots) await fleet.restart(worker, project);
          else await fleet.stop(worker);
        })
        .catch((error: unknown) => {
          log.warn({ event: 'monitor_failed', projectId, host, err: error }, 'a project could not be looked at');
        });
    }
  }

  async #restartWished(): Promise<void> {
    const { fleet, remote, store, log, host } = this.#parts;
    for (const worker of await remote.wished(fleet.all())) {
      const { id: projectId } = worker.project;
      void fleet.turns
        .take(projectId, async () => {
          const project = await store.getProject(projectId);
          if (project && fleet.get(projectId) === worker) await fleet.restart(worker, project);
        })
        .catch((error: unknown) => {
          log.warn({ event: 'worker_failed', projectId, host, err: error }, 'a restart that was wished failed');
        });
    }
  }

  /** Takes what is free up to this host's part; what is left of it only when nobody else took it in the meantime. */
  async #take(sight: Sight): Promise<void> {
    const { fleet } = this.#parts;
    const left = new Set<string>();
    const chosen: ProjectRow[] = [];
    const share = fairShare(sight);
    let count = fleet.all().length;
    for (const project of freeProjects(sight)) {
      const givenUntil = this.#given.get(project.id) ?? 0;
      if (givenUntil > sight.now && sight.members > 1) continue;
      if (!(await this.#mayStart(project, sight))) continue;
      if (count >= share && !this.#left.has(project.id)) {
        left.add(project.id);
        continue;
      }
      count += 1;
      chosen.push(project);
    }
    this.#left = left;
    if (left.size > 0) this.#wakeBy(Date.now() + AGAIN_MS);
    for (let n = 0; n < chosen.length && !this.#isOver; n += STARTS_AT_ONCE) {
      const part = chosen.slice(n, n + STARTS_AT_ONCE);
      await Promise.all(part.map((project) => this.#start(project, sight.newest.get(project.id))));
    }
  }

  async #mayStart(project: ProjectRow, { newest, now }: Sight): Promise<boolean> {
    const row = newest.get(project.id);
    const restart = row?.status === 'failed' ? restartOf(row) : null;
    const nextAt = restart && 'nextAt' in restart ? Date.parse(restart.nextAt) : 0;
    if (nextAt > now) this.#wakeBy(nextAt + AFTER_MS);
    return isDue(row, now, () => stampOf(this.#parts.store, project));
  }

  async #start(project: ProjectRow, before: WorkerRow | undefined): Promise<void> {
    const { fleet, store, log, host } = this.#parts;
    const { id: projectId } = project;
    if (fleet.isFull) return;
    await fleet.turns
      .take(projectId, async () => {
        const now = await store.getProject(projectId);
        if (fleet.get(projectId) || !now?.isActive || now.workerDesired !== 'running') return;
        const worker = await fleet.start(now, 'monitor');
        if (worker === null) return;
        const isAdopted = before !== undefined && ['starting', 'running', 'stopping'].includes(before.status);
        if (!isAdopted) return;
        const about = { event: 'worker_adopted', projectId, workerId: worker.workerId, host, from: before.host };
        log.info({ ...about, before: before.workerId }, 'the worker of a host that is gone was taken over');
      })
      .catch((error: unknown) => {
        // What went wrong with the worker stands in the log and in its row, with the time of the next attempt.
        this.#wakeBy(Date.now() + AGAIN_MS);
        log.debug({ event: 'monitor_start_failed', projectId, host, err: error }, 'a project was not started');
      });
  }

  /** A row of a worker that nobody holds any more and that has not shown itself for long. */
  async #closeDead(leases: ReadonlyMap<string, LeaseRow>): Promise<void> {
    const { store, settings, log, host } = this.#parts;
    const now = Date.now();
    for (const row of await store.listWorkers(['starting', 'running', 'stopping'])) {
      const lease = leases.get(leaseOf(row.projectId, row.slot ?? 0));
      const isHeld = lease !== undefined && isLive(lease, now) && lease.fence === row.leaseFence;
      const seenAt = Date.parse(row.lastHeartbeat ?? row.startedAt);
      if (isHeld || now - seenAt < settings.staleMs) continue;
      const { workerId, projectId } = row;
      const occurredAt = new Date(now).toISOString();
      const told = { code: 'HEARTBEAT_STALE', message: 'heartbeat lost' };
      const about = { error: 'heartbeat lost', code: told.code, told, phase: row.status, occurredAt };
      const restart = { attempt: 1, nextAt: occurredAt };
      const metadata = { ...row.metadata, ...about, restart };
      const change = { status: 'failed' as const, stoppedAt: occurredAt, lastHeartbeat: null, metadata };
      if ((await store.moveWorker(workerId, [row.status], change)) === null) continue;
      const words = 'the row of a worker whose host is gone was closed';
      log.warn({ event: 'worker_failed', projectId, workerId, host, of: row.host, code: told.code }, words);
    }
  }

  /** Gives one idle project back when this host has more than its part. */
  async #share(sight: Sight): Promise<void> {
    const { fleet, settings, log, host } = this.#parts;
    for (const [id, until] of this.#given) if (until <= sight.now) this.#given.delete(id);
    if (sight.members < 2 || !hasTooMany(sight)) return;
    const worker = fleet.all().find(({ isIdle }) => isIdle);
    if (!worker) return;
    const { id: projectId } = worker.project;
    this.#given.set(projectId, sight.now + 3 * settings.monitorMs);
    log.info(
      { event: 'worker_released', projectId, workerId: worker.workerId, host },
      'an idle worker is left to others',
    );
    await fleet.turns.take(projectId, () => fleet.stop(worker));
  }
}

/** Whether the worker polls the queue that its project has, in a slot that there is. */
function isServed({ of }: ProjectWorker, { workerSlots, taskQueueName }: ProjectRow): boolean {
  return of.slot < workerSlots && of.project.taskQueueName === taskQueueName;
}

function named(rows: readonly LeaseRow[]): [string, LeaseRow][] {
  return rows.map((row) => [row.resource, row]);
}
