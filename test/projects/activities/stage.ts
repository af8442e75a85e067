/** A project's worker over a real Temporal server, real code and real cells; only its workflow is made by hand. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure } from '@temporalio/common';
import { bundleWorkflowCode, NativeConnection } from '@temporalio/worker';
import { pino } from 'pino';
import type { Capability, Method } from '../../../host/broker/capability.ts';
import { createHttpCapability } from '../../../host/broker/http.ts';
import { Broker } from '../../../host/broker/index.ts';
import { readSamples } from '../../../host/builtins.ts';
import { connectOrStart } from '../../../host/embedded/temporal.ts';
import { readEnvironment } from '../../../host/env.ts';
import { speakForTemporal } from '../../../host/log.ts';
import type { ProjectCode } from '../../../host/projects/code.ts';
import { ScriptRunner } from '../../../host/runner.ts';
import type { AttemptOf } from '../../../host/temporal/project/activity.ts';
import { type RunningProjectWorker, startProjectWorker } from '../../../host/temporal/project/worker.ts';
import { developmentTenants } from '../../../host/tenants.ts';
import type { ProjectRow } from '../../../registry/index.ts';
import type { LogLine } from '../../../sandbox/index.ts';
import { temporaryFolder } from '../../stand/project.ts';
import { type CodeRig, openCode, planOf } from '../code/rig.ts';
import type { Call, Headers } from './workflows.ts';

/** What a script logged, and whose it is. */
export interface Line extends LogLine {
  readonly of: AttemptOf;
}

/** A worker that polls, and what its activities did. */
export interface Stage extends AsyncDisposable {
  readonly rig: CodeRig;
  readonly code: ProjectCode;
  readonly client: Client;
  readonly lines: Line[];
  /** What the host keeps to itself. */
  readonly failures: unknown[];
  /** Keys of the writes that scripts made. */
  readonly keys: string[];
  /** A worker for the project; ended with the stage. */
  work(project: () => ProjectRow): Promise<RunningProjectWorker>;
  /** A project with one workflow, its components' codes by name. */
  project(codes: Readonly<Record<string, string>>, over?: Record<string, unknown>): Promise<ProjectRow>;
  /** Headers as the interpreter would set them now. */
  headers(project: ProjectRow): Promise<(name: string) => unknown>;
  /** Calls an activity in a run of its own. Rejects with the cause of its failure. */
  call(project: ProjectRow, name: string, args: readonly unknown[], over?: CallOver): Promise<unknown>;
}

/** What of a call is unlike others. */
export interface CallOver {
  readonly options?: Call['options'];
  readonly isLocal?: boolean;
  readonly cancelAfterMs?: number;
  /** Instead of the one of the plan as it is now; undefined: none. */
  readonly header?: unknown;
  readonly workflowId?: string;
}

/** `http` is the origin that scripts may reach. */
export async function openStage(http: string): Promise<Stage> {
  const undo = new AsyncDisposableStack();
  speakForTemporal(pino({ level: 'silent' }));
  const folder = await temporaryFolder('project-activities');
  undo.defer(() => rm(folder.path, { recursive: true, force: true }));
  const environment = readEnvironment();
  const temporal = await connectOrStart({
    environment,
    dbFile: path.join(folder.path, 'temporal.db'),
    log: () => undefined,
  });
  undo.defer(() => temporal.close());
  const [connection, native] = await Promise.all([
    Connection.connect({ address: temporal.address }),
    NativeConnection.connect({ address: temporal.address }),
  ]);
  undo.defer(() => connection.close());
  undo.defer(() => native.close());
  const { namespace } = temporal;
  const client = new Client({ connection, namespace });
  const tenantsFile = path.join(folder.path, 'tenants.yaml');
  const granted = { allow: [http], privateRanges: ['127.0.0.0/8'] };
  await writeFile(tenantsFile, JSON.stringify({ 'org-a': { capabilities: ['fhir', 'http', 'log'], http: granted } }));
  const rig = undo.use(await openCode());
  const code = rig.code({ sampleActivities: await readSamples() });
  const keys: string[] = [];
  const broker = new Broker([createHttpCapability({}), keeper(keys)], {
    denied: () => undefined,
    failed: () => undefined,
  });
  undo.defer(() => broker.close());
  const lines: Line[] = [];
  const failures: unknown[] = [];
  const guest = await bundleWorkflowCode({
    workflowsPath: path.join(import.meta.dirname, 'workflows.ts'),
    workflowInterceptorModules: [path.join(import.meta.dirname, 'workflows.ts')],
    logger: QUIET,
  });
  let runs = 0;
  const stage: Stage = {
    rig,
    code,
    client,
    lines,
    failures,
    keys,
    work: async (project) => {
      const worker = await startProjectWorker({
        connection: native,
        namespace,
        project,
        code,
        guest,
        tenants: developmentTenants(tenantsFile, () => undefined),
        runner: new ScriptRunner(rig.sandbox, broker),
        ward: null,
        limits: {
          maxActivities: 10,
          maxWorkflowTasks: 10,
          cachedRuns: 20,
          payloadMaxBytes: 10_000,
          codeMaxBytes: 1_048_576,
          activityHeapMb: 32,
        },
        graceMs: 500,
        forceMs: 10_000,
        failed: (error) => failures.push(error),
        log: (line, of) => lines.push({ ...line, of }),
      });
      undo.defer(() => worker.stop());
      return worker;
    },
    project: async (codes, over = {}) => {
      const declaration = { ...DECLARATION, http: { allow: [http] } };
      const project = await rig.project({ declaration, ...over });
      const ids = await Promise.all(Object.entries(codes).map(([name, text]) => rig.component(project, name, text)));
      await rig.workflow(project, 'caller', 'export async function run() {}', ids);
      return project;
    },
    headers: async (project) => {
      const { activities, workflow } = await planOf(code, project, 'run');
      return (name) => {
        const pin = activities[name] ?? null;
        return { pin, workflow, ...(pin === null && { known: Object.keys(activities) }) };
      };
    },
    call: async (project, name, args, over = {}) => {
      const header = 'header' in over ? over.header : (await stage.headers(project))(name);
      const { options = {}, isLocal = false, cancelAfterMs } = over;
      const asked: Call = { name, args, options, isLocal, ...(cancelAfterMs !== undefined && { cancelAfterMs }) };
      const headers: Headers = header === undefined ? {} : { [name]: header };
      try {
        return await client.workflow.execute('call', {
          taskQueue: project.taskQueueName,
          workflowId: over.workflowId ?? `call-${runs++}`,
          args: [asked, headers],
        });
      } catch (error) {
        if (!(error instanceof WorkflowFailedError)) throw error;
        throw error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
      }
    },
    [Symbol.asyncDispose]: () => undo.disposeAsync(),
  };
  return stage;
}

const DECLARATION = {
  capabilities: ['fhir', 'http', 'log'],
  db: { tables: [], functions: [] },
  env: [],
  secrets: [],
  limits: {},
  deterministic: false,
};

/** Keeps the key of each write. */
function keeper(keys: string[]): Capability {
  const create: Method = async (_args, context) => {
    keys.push(context.nextWriteKey());
    return { id: 'x' };
  };
  return { methods: new Map([['fhir.create', create]]), close: () => Promise.resolve() };
}

const ignore = (): void => undefined;
const QUIET = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };
