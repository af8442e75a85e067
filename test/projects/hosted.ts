/** A host's project workers over a real database, with Temporal workers that a test ends as it likes. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startSupabase } from '../../host/embedded/supabase.ts';
import { createLog } from '../../host/log.ts';
import { ProjectWorkers } from '../../host/projects/index.ts';
import { DEFAULTS, type ProjectSettings } from '../../host/projects/settings.ts';
import type { Launch, LaunchedStats, LoadedCode } from '../../host/projects/types.ts';
import type { ProjectRow, ProjectStore } from '../../registry/index.ts';
import { storeOver, type TestStore } from './stores.ts';

/** The embedded database alone. */
export async function openEmbedded(): Promise<AsyncDisposable & TestStore> {
  const dir = await mkdtemp(path.join(tmpdir(), 'cloister-workers-'));
  const db = await startSupabase({ dbFile: path.join(dir, 'db.sqlite') });
  const close = async () => {
    await db.close();
    await rm(dir, { recursive: true, force: true });
  };
  return { ...storeOver('embedded', db.url, db.serviceRoleKey, db.anonKey), [Symbol.asyncDispose]: close };
}

/** Times that a test can wait for; what is asserted of the defaults is asserted of `DEFAULTS`. */
export const QUICK = {
  ...DEFAULTS,
  heartbeatMs: 150,
  staleMs: 1_500,
  graceMs: 300,
  forceMs: 600,
  leaseTtlMs: 1_500,
  leaseRenewMs: 200,
  leaseMarginMs: 300,
  monitorMs: 200,
  restartPauseMs: 50,
  answerMs: 3_000,
  restart: { ...DEFAULTS.restart, firstMs: 30, mostMs: 120, windowMs: 60_000, healthyMs: 2_000 },
} as const satisfies ProjectSettings;

/** A Temporal worker that was launched for a test. */
export interface Launched {
  /** As its work is told of it now. */
  readonly project: ProjectRow;
  /** Ends it with an error, as a lost connection does. */
  crash(error: Error): void;
  /** Resolves when it is told to stop. */
  readonly asked: Promise<void>;
  /** Ends the drain; without it a drain ends at once. */
  hold(): () => void;
  stats: LaunchedStats;
  readonly isOver: boolean;
}

/** What a test turns: how the next launches and loads go. */
export interface Knobs {
  load: (project: ProjectRow) => Promise<LoadedCode>;
  /** Called before each launch; may reject. */
  beforeLaunch: () => Promise<void>;
}

/** A line of the log. */
export type Line = Readonly<Record<string, unknown>>;

/** A host of a test. */
export interface Hosted {
  readonly workers: ProjectWorkers;
  readonly launched: Launched[];
  readonly lines: Line[];
  readonly knobs: Knobs;
  /** The lines of an event. */
  told(event: string): Line[];
}

export const CODE: LoadedCode = {
  workflows: [{ id: 'w', name: 'email-processor', types: ['emailProcessor'], digest: 'sha256:0' }],
  activities: [],
  warnings: [],
  errors: [],
  loadMs: 3,
};

/** What of a host a test brings along. */
interface More {
  readonly host?: string;
  readonly now?: () => number;
  /** Real Temporal workers. */
  readonly launch?: Launch;
}

/** Opens one; it monitors only when it is told to. */
export async function openHosted(
  store: ProjectStore,
  { host = 'alpha', now, launch: own, ...change }: Partial<ProjectSettings> & More = {},
): Promise<Hosted> {
  const lines: Line[] = [];
  const log = createLog('debug', { write: (line: string) => void lines.push(JSON.parse(line) as Line) });
  const launched: Launched[] = [];
  const knobs: Knobs = { load: async () => CODE, beforeLaunch: async () => undefined };
  const fake: Launch = async (project) => {
    await knobs.beforeLaunch();
    const one = fakeWorker(project);
    launched.push(one.launched);
    return one.worker;
  };
  const launch = own ?? fake;
  const code = { load: (project: ProjectRow) => knobs.load(project), forget: () => undefined };
  const settings = { ...QUICK, ...change };
  const workers = await ProjectWorkers.open({ store, code, launch, settings, log, host, ...(now && { now }) });
  return { workers, launched, lines, knobs, told: (event) => lines.filter((line) => line.event === event) };
}

function fakeWorker(project: () => ProjectRow) {
  const over = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  let isOver = false;
  let drained: Promise<void> = Promise.resolve();
  over.promise.catch(() => undefined);
  const launched: Launched = {
    get project() {
      return project();
    },
    crash: (error) => {
      isOver = true;
      over.reject(error);
    },
    asked: asked.promise,
    hold: () => {
      const drain = Promise.withResolvers<void>();
      drained = drain.promise;
      return drain.resolve;
    },
    stats: { workflowsCached: 0, activitiesRunning: 0 },
    get isOver() {
      return isOver;
    },
  };
  const worker = {
    ended: over.promise,
    stop: async () => {
      asked.resolve();
      await drained;
      isOver = true;
      over.resolve();
    },
    stats: () => launched.stats,
  };
  return { launched, worker };
}

/** A new project. */
export function newProject(
  store: ProjectStore,
  more: { name?: string; workerSlots?: number; autoRestart?: boolean } = {},
) {
  const { name = 'Mail' } = more;
  return store.createProject({ tenant: 'org-1', userId: randomUUID(), ...more, name });
}

/** Waits for something to become so. Rejects when it does not within the time. */
export async function until<T>(
  look: () => T | Promise<T>,
  what: string,
  limitMs = 30_000,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found) return found as Exclude<T, false | null | undefined>;
    if (performance.now() > end) throw new Error(`it did not come to it: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
