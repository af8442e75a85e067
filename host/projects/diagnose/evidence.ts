/** All that a diagnosis looks at, gathered once. */
import { type Client, Connection } from '@temporalio/client';
import type {
  LeaseRow,
  ProjectProblem,
  ProjectRow,
  ProjectStore,
  ProjectWorkflowRow,
  WorkerRow,
} from '../../../registry/index.ts';
import { grpcOf } from '../../temporal/trouble.ts';
import type { QueueFigures, TaskQueues } from '../queues.ts';
import type { ProjectSettings } from '../settings.ts';
import type { LoadsCode, WorkerFigures } from '../types.ts';
import { type DatabaseTrouble, probeDatabase } from './probe.ts';
import { otherQueues, readRuns, type SeenRuns } from './runs.ts';

/** Where evidence comes from. */
export interface Sources {
  readonly client: Client;
  readonly temporalAddress: string;
  readonly store: ProjectStore;
  readonly queues: TaskQueues;
  readonly code: LoadsCode;
  /** This host, as the database has it. */
  readonly host: string;
  /** Workers of this host. */
  readonly figures: () => WorkerFigures;
  readonly settings: Pick<ProjectSettings, 'heartbeatMs' | 'staleMs' | 'maxProjects' | 'embedded'>;
}

/** A project's code, as far as it loads. */
export interface Loaded {
  readonly workflows: readonly { readonly id: string; readonly types: readonly string[]; readonly digest: string }[];
  readonly problems: readonly ProjectProblem[];
}

/** What was found. Null: it could not be asked for. */
export interface Evidence {
  readonly now: number;
  readonly temporal: { readonly address: string; readonly error: string | null };
  readonly database: DatabaseTrouble | null;
  /** Epoch milliseconds by which the host's clock is ahead. */
  readonly skewMs: number | null;
  readonly project: ProjectRow | null;
  readonly workflows: readonly ProjectWorkflowRow[];
  readonly loaded: Loaded | null;
  /** Newest first. */
  readonly workers: readonly WorkerRow[];
  readonly leases: readonly LeaseRow[];
  /** Of hosts that share the database. */
  readonly members: readonly LeaseRow[];
  readonly queue: QueueFigures | null;
  readonly runs: SeenRuns | null;
  /** Queues, other than the project's and those of other projects, on which runs of its types sit. */
  readonly strayQueues: readonly string[];
  readonly host: string;
  readonly figures: WorkerFigures;
  readonly settings: Sources['settings'];
}

const ANSWER_MS = 3_000;
const MOST_WORKERS = 20;

/** Gathers it. `project` null: the database could not be asked for it. `isHosts`: the reader may learn of other queues. Does not reject. */
export async function gather(sources: Sources, project: ProjectRow | null, isHosts: boolean): Promise<Evidence> {
  const { client, store, temporalAddress: address, host, figures, settings } = sources;
  const [error, database] = await Promise.all([temporalTrouble(client), probeDatabase(store, host)]);
  const rows = project !== null && database === null ? await readRows(sources, project) : NO_ROWS;
  const tasks = project !== null && error === null ? await readTasks(sources, project) : NO_TASKS;
  const types = rows.loaded?.workflows.flatMap((workflow) => workflow.types) ?? [];
  const stray =
    isHosts && project !== null && error === null && database === null
      ? await strayOf(sources, project, types).catch(() => [])
      : [];
  return {
    now: Date.now(),
    temporal: { address, error },
    database,
    skewMs: database === null ? await skewOf(store) : null,
    project,
    ...rows,
    ...tasks,
    strayQueues: stray,
    host,
    figures: figures(),
    settings,
  };
}

const NO_ROWS = {
  workflows: [],
  loaded: null,
  workers: [],
  leases: [],
  members: [],
} as const;
const NO_TASKS = { queue: null, runs: null } as const;

/** By the health service of gRPC; null when it serves. */
async function temporalTrouble(client: Client): Promise<string | null> {
  try {
    const { connection } = client;
    await client.withDeadline(Date.now() + ANSWER_MS, async () => {
      if (!(connection instanceof Connection)) return void (await client.workflowService.getSystemInfo({}));
      await connection.healthService.check({ service: 'temporal.api.workflowservice.v1.WorkflowService' });
    });
    return null;
  } catch (error) {
    const { details = '' } = grpcOf(error) ?? {};
    return details || (error instanceof Error ? error.message : 'no answer');
  }
}

async function readRows({ store, code }: Sources, project: ProjectRow) {
  const { id } = project;
  const [workflows, workers, leases, members] = await Promise.all([
    store.listProjectWorkflows(id),
    store.listProjectWorkers(id, MOST_WORKERS),
    store.listLeases(`project/${id}/`),
    store.listLeases('host/'),
  ]);
  const loaded = await code.load(project).then(
    ({ workflows: found, errors, warnings }) => ({ workflows: found, problems: [...errors, ...warnings] }),
    () => null,
  );
  return { workflows, workers, leases, members, loaded };
}

async function readTasks({ client, queues }: Sources, { taskQueueName: name }: ProjectRow) {
  const [queue, runs] = await Promise.all([
    queues.read(name).catch(() => null),
    readRuns(client, name).catch(() => null),
  ]);
  return { queue, runs };
}

async function strayOf({ client, store }: Sources, { taskQueueName }: ProjectRow, types: readonly string[]) {
  const found = await otherQueues(client, taskQueueName, types);
  const owners = await Promise.all(found.map((queue) => store.findProjectByQueue(queue)));
  return found.filter((_, at) => owners[at] === null);
}

async function skewOf(store: ProjectStore): Promise<number | null> {
  const asked = Date.now();
  const there = await store.databaseTime().catch(() => null);
  return there === null ? null : (asked + Date.now()) / 2 - there;
}
