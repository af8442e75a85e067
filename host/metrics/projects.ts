/**
 * Figures of project workers (specification: project workers 14). Labels are words of the host's own, but for `project`: of the
 * projects whose workers run here at the moment, which are no more than WORKER_MAX_PROJECTS.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { isFailureCode, isProjectErrorCode } from '../codes.ts';
import type { QueueFigures } from '../projects/queues.ts';
import type { WorkerDetail, WorkerFigures } from '../projects/types.ts';
import { Sampled } from './sampled.ts';

/** Where figures come from that others keep. */
export interface ProjectFigures {
  /** Workers of this host, now. */
  readonly figures: () => WorkerFigures;
  /** Open rows of all hosts. */
  readonly details: () => Promise<readonly WorkerDetail[]>;
  /** Name of this host in rows. */
  readonly host: string;
  readonly queues: { read(queue: string): Promise<QueueFigures> };
}

const QUICK = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const LONG = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600];
/** Ends of runs that the guest interpreter forces. */
const KILLS = new Set(['GUEST_STEPS_EXCEEDED', 'GUEST_MEMORY_EXCEEDED']);
const OPEN = ['starting', 'running', 'stopping'] as const;
/** Tables and queues are looked at no more often, however often somebody asks for figures. */
const SAMPLE_MS = 15_000;
/** And for many projects less often. */
const SAMPLE_EACH_MS = 200;

/** Counts and times what project workers do. Methods are cheap and never throw. */
export class ProjectMeter {
  readonly #registry: Registry;
  readonly #code: Histogram<'kind'>;
  readonly #activities: Histogram<'type' | 'outcome'>;
  readonly #runs: Counter<'outcome'>;
  readonly #kills: Counter<'code'>;

  constructor(registry: Registry) {
    this.#registry = registry;
    const registers = [registry];
    this.#code = new Histogram({
      name: 'cloister_code_load_seconds',
      help: "Reading and checking a project's code (`load`), compiling one of its modules (`workflow`, `activity`).",
      labelNames: ['kind'],
      buckets: QUICK,
      registers,
    });
    this.#activities = new Histogram({
      name: 'cloister_activity_seconds',
      help: 'Attempts of activities of projects: built-ins by name, all others as `custom`.',
      labelNames: ['type', 'outcome'],
      buckets: LONG,
      registers,
    });
    this.#runs = new Counter({
      name: 'cloister_workflow_runs_total',
      help: "Runs of projects' workflows that ended on this host.",
      labelNames: ['outcome'],
      registers,
    });
    this.#kills = new Counter({
      name: 'cloister_guest_kills_total',
      help: 'Runs that the guest interpreter ended.',
      labelNames: ['code'],
      registers,
    });
  }

  codeLoaded(kind: 'load' | 'workflow' | 'activity', seconds: number): void {
    this.#code.observe({ kind }, seconds);
  }

  /** `type`: a built-in's name, or `custom`. `code` is null for an attempt that succeeded. */
  activity(type: string, code: string | null, seconds: number): void {
    this.#activities.observe({ type, outcome: outcomeOf(code) }, seconds);
  }

  /** `code` is null for a completed run. */
  runClosed(code: string | null): void {
    this.#runs.inc({ outcome: outcomeOf(code) });
    if (code !== null && KILLS.has(code)) this.#kills.inc({ code });
  }

  /** Shows what others keep, as it is when somebody asks. Call it once. */
  show(source: ProjectFigures): void {
    const registry = this.#registry;
    showWorkers(registry, source);
    showTotals(registry, source);
    showQueues(registry, source);
  }
}

function showWorkers(registry: Registry, { figures }: ProjectFigures): void {
  const gauge = (name: string, help: string, of: (worker: WorkerFigures['workers'][number]) => number | null) =>
    new Gauge({
      name: `cloister_worker_${name}`,
      help,
      labelNames: ['project'],
      registers: [registry],
      collect() {
        this.reset();
        for (const worker of figures().workers) {
          const value = of(worker);
          if (value !== null) this.set({ project: worker.projectId }, value);
        }
      },
    });
  const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
  gauge('uptime_seconds', 'Since the project worker started.', ({ uptimeMs }) => uptimeMs / 1000);
  gauge('workflows', 'Workflows that the project worker serves.', ({ workflows }) => workflows);
  gauge('heartbeat_latency_seconds', 'What writing the last heartbeat took.', (of) => seconds(of.heartbeatLatencyMs));
  gauge('heartbeat_age_seconds', 'Since the last heartbeat was written.', (of) => seconds(of.heartbeatAgeMs));
}

function showTotals(registry: Registry, { figures }: ProjectFigures): void {
  const registers = [registry];
  new Gauge({
    name: 'cloister_leases_held',
    help: 'Leases that this host holds.',
    registers,
    collect() {
      this.set(figures().leasesHeld);
    },
  });
  const total = <L extends string>(name: string, help: string, label: L, of: () => Readonly<Record<string, number>>) =>
    new Counter({
      name: `cloister_${name}_total`,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset();
        for (const [word, count] of Object.entries(of())) this.inc({ [label]: word } as Record<L, string>, count);
      },
    });
  total('worker_starts', 'Starts of project workers.', 'outcome', () => figures().starts);
  total('worker_crashes', 'Project workers that ended by themselves.', 'code', () => figures().crashes);
  for (const [name, help, of] of [
    ['worker_restarts', 'Restarts of project workers.', () => figures().restarts],
    ['leases_lost', 'Leases that this host could not keep.', () => figures().leasesLost],
  ] as const) {
    new Counter({
      name: `cloister_${name}_total`,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(of());
      },
    });
  }
}

/** What has to be asked of the database and of Temporal. */
function showQueues(registry: Registry, { figures, details, host, queues }: ProjectFigures): void {
  const registers = [registry];
  const sampled = new Sampled(
    async () => {
      const { workers } = figures();
      const read: [project: string, queue: QueueFigures][] = [];
      for (const { projectId, taskQueue } of workers) {
        const queue = await queues.read(taskQueue).catch(() => null);
        if (queue !== null) read.push([projectId, queue]);
      }
      const own = (await details().catch(() => [])).filter((row) => row.host === host);
      return { queues: read, statuses: Object.groupBy(own, ({ status }) => status) };
    },
    () => Math.max(SAMPLE_MS, figures().workers.length * SAMPLE_EACH_MS),
  );
  const ofQueue = (name: string, help: string, of: (queue: QueueFigures) => number) =>
    new Gauge({
      name: `cloister_task_queue_${name}`,
      help,
      labelNames: ['project'],
      registers,
      async collect() {
        const latest = await sampled.latest();
        this.reset();
        for (const [project, queue] of latest?.queues ?? []) this.set({ project }, of(queue));
      },
    });
  ofQueue('backlog', "Tasks that wait in the project's task queue, as Temporal counts.", ({ backlog }) => backlog);
  ofQueue('pollers', "Workers that poll the project's task queue, of all hosts.", ({ pollers }) => pollers);
  new Gauge({
    name: 'cloister_workers',
    help: 'Project workers of this host by the status of their rows.',
    labelNames: ['status'],
    registers,
    async collect() {
      const latest = await sampled.latest();
      for (const status of OPEN) this.set({ status }, latest?.statuses[status]?.length ?? 0);
      // What runs is known without asking.
      this.set({ status: 'running' }, figures().workers.length);
    },
  });
}

/** A word of the host's tables; whatever else, `other`. */
function outcomeOf(code: string | null): string {
  if (code === null) return 'completed';
  return isFailureCode(code) || isProjectErrorCode(code) ? code : 'other';
}
