/** The worker of task queue `billing`: workflows from the bundle, host steps by name, scripts by the catch-all activity. */
import {
  type ActivityInterceptorsFactory,
  type InjectedSinks,
  type NativeConnection,
  Worker,
} from '@temporalio/worker';
import type { FhirHost } from '../broker/fhir.ts';
import type { PlanShelf } from '../plans.ts';
import { closeRecord, createRecord } from './activities/record.ts';
import { createScriptActivity, type ScriptDependencies } from './activities/script.ts';
import { Admission } from './admission.ts';
import { workflowBundle } from './bundle.ts';
import { BILLING_QUEUE } from './queue.ts';
import { type RunningWorker, runWorker } from './running.ts';
import { ActivitySlots, StepSlots } from './slots.ts';
import type { RunSinks } from './workflows/sinks.ts';
import type { BillingArgs, RecordClose, RecordCreate } from './workflows/types.ts';

/** What sees the worker's runs and activities, and changes nothing of them. */
export interface WorkerWatch {
  readonly activities: readonly ActivityInterceptorsFactory[];
  readonly sinks: InjectedSinks<RunSinks>;
}

/** What the worker is made of. */
export interface WorkerOptions extends ScriptDependencies {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue?: string;
  readonly fhir: FhirHost;
  readonly shelf: PlanShelf;
  readonly cacheDir: string;
  /** When runs are begun. Absent: as they come. */
  readonly admission?: Admission;
  /** Milliseconds that running activities get when the worker is told to stop. */
  readonly graceMs: number;
  /** Milliseconds after which the worker is given up. */
  readonly forceMs: number;
  /** Open runs kept in memory between their steps; 0: each step replays its run from the start. Default 200. */
  readonly cachedRuns?: number;
  /** Absent: nobody looks. */
  readonly watch?: WorkerWatch;
}

const UNWATCHED: WorkerWatch = {
  activities: [],
  sinks: { run: { started: { fn: () => undefined }, closed: { fn: () => undefined } } },
};

const CACHED_RUNS = 200;

export type { RunningWorker as BillingWorker } from './running.ts';

/** Starts the worker; resolves when it polls. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { fhir, shelf, watch = UNWATCHED } = options;
  const worker = await Worker.create({
    connection: options.connection,
    namespace: options.namespace,
    taskQueue: options.taskQueue ?? BILLING_QUEUE,
    workflowBundle: await workflowBundle(options.cacheDir),
    activities: {
      'cloister:loadPlan': (args: BillingArgs) => shelf.load(args),
      'cloister:createRecord': (args: RecordCreate) => createRecord(fhir, args),
      'cloister:closeRecord': (args: RecordClose) => closeRecord(fhir, args),
      default: createScriptActivity(options),
    },
    interceptors: { activity: [...watch.activities] },
    sinks: watch.sinks,
    // A cancellation reaches a script with the answer to a heartbeat, so heartbeats must not be held back.
    maxHeartbeatThrottleInterval: 1000,
    tuner: {
      activityTaskSlotSupplier: new ActivitySlots(),
      workflowTaskSlotSupplier: new StepSlots(options.admission ?? new Admission()),
      // What the SDK gives the others by itself, where nobody says anything.
      localActivityTaskSlotSupplier: { type: 'fixed-size', numSlots: 100 },
      nexusTaskSlotSupplier: { type: 'fixed-size', numSlots: 100 },
    },
    maxCachedWorkflows: options.cachedRuns ?? CACHED_RUNS,
    shutdownGraceTime: options.graceMs,
    shutdownForceTime: options.forceMs,
  });
  return runWorker(worker);
}
