/** The worker of a project's task queue: any workflow by the guest interpreter, the host's steps by name, activities by the catch-all. */
import { type NativeConnection, Worker, type WorkerStatus, type WorkflowBundleOption } from '@temporalio/worker';
import { runWorker } from '../running.ts';
import type { WorkerWatch } from '../worker.ts';
import { type ActivityCode, createProjectActivity, type ProjectActivityDependencies } from './activity.ts';
import { keepHeader } from './header.ts';
import { guestLines } from './lines.ts';
import { hostSteps, type StepDependencies } from './steps.ts';

/** What the worker may take at once, and how large things may be. */
export interface ProjectWorkerLimits {
  /** Activities at once. */
  readonly maxActivities: number;
  /** Workflow tasks at once, at least 2. */
  readonly maxWorkflowTasks: number;
  /** Open runs kept in memory between their steps. */
  readonly cachedRuns: number;
  /** Result of an activity, bytes. */
  readonly payloadMaxBytes: number;
  /** What the first step of a run may record, bytes. */
  readonly codeMaxBytes: number;
  /** Heap of an activity for which nobody declares another, MiB. */
  readonly activityHeapMb: number;
}

/** What the worker is made of. */
export interface ProjectWorkerOptions
  extends Pick<ProjectActivityDependencies, 'project' | 'tenants' | 'runner' | 'ward' | 'log'> {
  /** Shared by all workers of the host. */
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly code: ActivityCode & StepDependencies['code'];
  /** The guest interpreter: the same for every project. */
  readonly guest: WorkflowBundleOption;
  readonly limits: ProjectWorkerLimits;
  /** Milliseconds that running activities get when the worker is told to stop. */
  readonly graceMs: number;
  /** Milliseconds after which the worker is given up. */
  readonly forceMs: number;
  /** Lifts the limit on the time of a workflow task, for debuggers. */
  readonly debug?: boolean;
  /** Absent: nobody looks. */
  readonly watch?: WorkerWatch;
  /** A step or a store of the host failed; `of` says in what. The text stays in the host. */
  readonly failed: (error: unknown, of: Readonly<Record<string, unknown>>) => void;
}

/** Figures of a worker, as of now. */
export interface ProjectWorkerStats extends Readonly<Record<string, number>> {
  readonly workflowsCached: number;
  readonly activitiesRunning: number;
  readonly workflowTasksRunning: number;
}

/** A worker that polls. */
export interface RunningProjectWorker {
  /** Settles when it was stopped; rejects when it failed, or did not drain in time. */
  readonly ended: Promise<void>;
  /** Drains it; resolves when it has ended, however that was. */
  stop(): Promise<void>;
  stats(): ProjectWorkerStats;
}

/** Starts the worker; resolves when it polls. */
export async function startProjectWorker(options: ProjectWorkerOptions): Promise<RunningProjectWorker> {
  const { project, limits, watch, failed } = options;
  const worker = await Worker.create({
    connection: options.connection,
    namespace: options.namespace,
    taskQueue: project().taskQueueName,
    workflowBundle: options.guest,
    activities: {
      ...hostSteps({
        ...options,
        ...limits,
        failed: (error, step) => failed(error, { projectId: project().id, step }),
      }),
      default: createProjectActivity({ ...options, ...limits, failed: (error, of) => failed(error, { ...of }) }),
    },
    interceptors: { activity: [...(watch?.activities ?? []), keepHeader] },
    sinks: {
      ...watch?.sinks,
      ...guestLines((line, { runId, workflowType }) => {
        const { id: projectId, tenant } = project();
        options.log(line, { projectId, tenant, runId, workflow: workflowType, activity: '', name: '', attempt: 1 });
      }),
    },
    // A cancellation reaches a script with the answer to a heartbeat, so heartbeats must not be held back.
    maxHeartbeatThrottleInterval: 1000,
    maxConcurrentActivityTaskExecutions: limits.maxActivities,
    maxConcurrentWorkflowTaskExecutions: limits.maxWorkflowTasks,
    maxCachedWorkflows: limits.cachedRuns,
    shutdownGraceTime: options.graceMs,
    shutdownForceTime: options.forceMs,
    debugMode: options.debug ?? false,
  });
  const { ended, stop } = runWorker(worker);
  return {
    ended,
    stop: () => stop().catch(() => undefined),
    stats: () => statsOf(worker.getStatus()),
  };
}

function statsOf(status: WorkerStatus): ProjectWorkerStats {
  return {
    workflowsCached: status.numCachedWorkflows,
    activitiesRunning: status.numInFlightNonLocalActivities,
    localActivitiesRunning: status.numInFlightLocalActivities,
    workflowTasksRunning: status.numInFlightWorkflowActivations,
    activitiesHeartbeating: status.numHeartbeatingActivities,
  };
}
