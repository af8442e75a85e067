/** Rows of project workers, and what the registry does with them. Every timestamp is ISO 8601 UTC with milliseconds, made by the host. */
import type { Declaration } from '../plan.ts';

/** A tenant's unit of deployment: one task queue, its workflows, its activities. */
export interface ProjectRow {
  /** UUID. */
  readonly id: string;
  readonly name: string;
  readonly kebabName: string;
  /** Made once; a rename leaves it. */
  readonly taskQueueName: string;
  /** Owner, source of the queue's prefix. */
  readonly userId: string | null;
  /** Id of the tenant's Organization: decides cell, grants and row-level security. */
  readonly tenant: string;
  readonly workerDesired: 'running' | 'stopped';
  /** Hosts that may poll at once, from 1. */
  readonly workerSlots: number;
  readonly autoRestart: boolean;
  readonly isActive: boolean;
  /** Which activity a run calls: the one of its own first step, or the newest. */
  readonly activities: 'pinned' | 'latest';
  /** What the project asks for, as `cloister.yaml` of a config project does; null: fhir and log. */
  readonly declaration: Declaration | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What a new project is made of. Throws TASK_QUEUE_INVALID or TASK_QUEUE_IN_USE for a queue of the caller's own. */
export interface NewProject {
  readonly id?: string;
  readonly name: string;
  readonly tenant: string;
  readonly userId?: string | null;
  readonly taskQueueName?: string;
  readonly workerSlots?: number;
  readonly autoRestart?: boolean;
  readonly activities?: 'pinned' | 'latest';
  readonly declaration?: Declaration | null;
}

/** What of a project may change. */
export type ProjectChange = Partial<
  Pick<
    ProjectRow,
    | 'name'
    | 'taskQueueName'
    | 'workerDesired'
    | 'workerSlots'
    | 'autoRestart'
    | 'isActive'
    | 'activities'
    | 'declaration'
  >
>;

/** One workflow of a project, as the builder keeps it. */
export interface ProjectWorkflowRow {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly kebabName: string | null;
  /** Name of its status row: `active`, `draft`, `inactive`, `archived`. */
  readonly status: string | null;
  readonly isActive: boolean;
  /** Whatever the builder stored; checked where it is read. */
  readonly definition: unknown;
  /** JSON text, or whatever the builder stored. */
  readonly compiledTypescript: string | null;
  readonly compiledAt: string | null;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
}

/** What is written of a workflow; absent fields of one that exists stay as they are. */
export interface WorkflowWrite {
  readonly id?: string;
  readonly projectId: string;
  readonly name: string;
  readonly kebabName?: string | null;
  readonly status?: 'active' | 'draft' | 'inactive' | 'archived';
  readonly isActive?: boolean;
  readonly definition?: unknown;
  readonly compiledTypescript?: string | null;
}

/** One compilation in the history of a workflow. */
export interface CompiledRow {
  readonly id: string;
  readonly workflowId: string;
  readonly version: string | null;
  readonly isActive: boolean;
  readonly digest: string | null;
  readonly createdAt: string | null;
}

/** A custom activity's code. `projectId` null: offered to every project by the operator. */
export interface ComponentRow {
  readonly id: string;
  readonly name: string;
  readonly code: string | null;
  readonly language: string | null;
  readonly isActive: boolean;
  readonly projectId: string | null;
  readonly version: string | null;
  readonly updatedAt: string | null;
}

/** What is written of a component. */
export interface ComponentWrite {
  readonly id?: string;
  readonly projectId: string | null;
  readonly name: string;
  readonly code: string;
  readonly language?: string | null;
  readonly isActive?: boolean;
  readonly version?: string | null;
}

/** Status of a project worker. `stopped` and `failed` are final for a row. */
export type WorkerStatus = 'starting' | 'running' | 'stopping' | 'stopped' | 'failed';

/** One life of a project worker. */
export interface WorkerRow {
  readonly id: string;
  readonly workerId: string;
  readonly projectId: string;
  readonly taskQueueName: string;
  readonly status: WorkerStatus;
  readonly host: string | null;
  readonly processId: string | null;
  readonly startedAt: string;
  readonly stoppedAt: string | null;
  readonly lastHeartbeat: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly updatedAt: string | null;
  readonly slot: number | null;
  readonly leaseFence: number | null;
}

/** Who runs what until when. */
export interface LeaseRow {
  /** `project/{projectId}/{slot}`. */
  readonly resource: string;
  readonly holder: string | null;
  readonly host: string | null;
  readonly fence: number;
  readonly renewedAt: string | null;
  readonly expiresAt: string | null;
}

/** Tables of project workers. Methods throw `StoreError` STORE_UNAVAILABLE when the database fails. */
export interface ProjectStore {
  createProject(project: NewProject): Promise<ProjectRow>;
  getProject(id: string): Promise<ProjectRow | null>;
  findProjectByQueue(taskQueueName: string): Promise<ProjectRow | null>;
  /** All, or those of one tenant, by name. */
  listProjects(tenant?: string): Promise<readonly ProjectRow[]>;
  /** Active ones that are wanted running. */
  listWantedProjects(): Promise<readonly ProjectRow[]>;
  /** Null when there is none. Throws as `createProject` for a queue. */
  changeProject(id: string, change: ProjectChange): Promise<ProjectRow | null>;

  /** Every workflow of the project, whatever its status. */
  listProjectWorkflows(projectId: string): Promise<readonly ProjectWorkflowRow[]>;
  /** Those that are loaded: status `active`, code not null, `is_active` not false. */
  listActiveWorkflows(projectId: string): Promise<readonly ProjectWorkflowRow[]>;
  getProjectWorkflow(id: string): Promise<ProjectWorkflowRow | null>;
  /** Inserts, or changes the one of that id. */
  saveProjectWorkflow(workflow: WorkflowWrite): Promise<ProjectWorkflowRow>;
  /** Records a compilation as the active one and clears the flag of older ones. */
  recordCompilation(workflowId: string, codes: CompiledCodes, version: string | null): Promise<CompiledRow>;
  /** Newest first. */
  listCompilations(workflowId: string): Promise<readonly CompiledRow[]>;

  /** By id, in chunks of 100; those that do not exist are left out. */
  listComponents(ids: readonly string[]): Promise<readonly ComponentRow[]>;
  /** All versions of the named components that this project may call (its own, and the operator's). */
  listComponentsByName(projectId: string, names: readonly string[]): Promise<readonly ComponentRow[]>;
  listProjectComponents(projectId: string): Promise<readonly ComponentRow[]>;
  saveComponent(component: ComponentWrite): Promise<ComponentRow>;

  insertWorker(worker: Omit<WorkerRow, 'id' | 'stoppedAt' | 'updatedAt'>): Promise<WorkerRow>;
  /** One conditional update: only a row in one of the states `from` changes. Null when none did. */
  moveWorker(
    workerId: string,
    from: readonly WorkerStatus[],
    change: Partial<Pick<WorkerRow, 'status' | 'stoppedAt' | 'lastHeartbeat' | 'metadata'>>,
  ): Promise<WorkerRow | null>;
  /** The newest row of each of the projects, by `started_at`. */
  newestWorkers(projectIds: readonly string[]): Promise<readonly WorkerRow[]>;
  /** Every row of these states, newest first. */
  listWorkers(statuses: readonly WorkerStatus[]): Promise<readonly WorkerRow[]>;
  /** Rows of one project, newest first. */
  listProjectWorkers(projectId: string, limit: number): Promise<readonly WorkerRow[]>;

  /** The lease when it was won: it was free or had expired at `now`. Null: another holds it. */
  acquireLease(lease: LeaseClaim): Promise<LeaseRow | null>;
  /** False when it is no longer ours. */
  renewLease(lease: {
    resource: string;
    holder: string;
    fence: number;
    now: string;
    expiresAt: string;
  }): Promise<boolean>;
  /** Gives it back; does nothing when it is no longer ours. */
  releaseLease(lease: { resource: string; holder: string; fence: number; now: string }): Promise<void>;
  listLeases(prefix: string): Promise<readonly LeaseRow[]>;
  /** Clock of the database, epoch milliseconds; null when it cannot say (the embedded one has the host's clock). */
  databaseTime(): Promise<number | null>;
}

/** A wish for a lease. */
export interface LeaseClaim {
  readonly resource: string;
  readonly holder: string;
  readonly host: string;
  readonly now: string;
  readonly expiresAt: string;
}

/** The three codes of `compiled_typescript`. */
export interface CompiledCodes {
  readonly workflowCode: string;
  readonly activitiesCode: string;
  readonly workerCode: string;
}
