/** The host's own steps in a run of a project: local activities that the guest interpreter schedules, and nobody else. */
import { setTimeout } from 'node:timers/promises';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { LoadedGuest, ProjectRow } from '../../../registry/index.ts';
import { refusal } from './failure.ts';
import { headerOf } from './header.ts';

const { IndexedValueType } = proto.temporal.api.enums.v1;

/** What the steps need from their host. */
export interface StepDependencies {
  readonly project: () => ProjectRow;
  readonly code: { plan(project: ProjectRow, type: string): Promise<LoadedGuest> };
  /** What the first step may record in history, bytes. */
  readonly codeMaxBytes: number;
  /** A step failed for a reason of the host's; the text stays in the host. */
  readonly failed: (error: unknown, step: string) => void;
}

/** Whether an execution that a run wants to signal or to cancel is there for it. One of another project is missing, as if there were none. */
export type Target = 'own' | 'missing';

/** Milliseconds, and multiples of them, after which something is told to be missing: time does not tell it from what another project has. */
const MISSING_AFTER_MS = 100;

/** The steps by name. */
export function hostSteps(dependencies: StepDependencies) {
  return {
    'cloister:loadPlan': step(dependencies, async ({ type }) => {
      const plan = await dependencies.code.plan(dependencies.project(), String(type ?? ''));
      return fitted(plan, dependencies.codeMaxBytes);
    }),
    'cloister:checkTarget': step(dependencies, ({ workflowId }) =>
      targetOf(String(workflowId ?? ''), dependencies.project().taskQueueName),
    ),
    'cloister:attributes': step(dependencies, ({ names }) => attributesOf(Array.isArray(names) ? names : [])),
  };
}

type Step<T> = (args: Readonly<Record<string, unknown>>) => Promise<T>;

/** Keeps a step to the interpreter: what guest code schedules carries a header, and is never local to it without. */
function step<T>({ failed }: StepDependencies, perform: Step<T>): Step<T> {
  return async (args) => {
    const context = Context.current();
    const { isLocal, activityType } = context.info;
    if (!isLocal || headerOf(context) !== null) {
      throw refusal(
        'RESERVED_NAME',
        `activity ${activityType}: found a name of the host's own, expected one of the project`,
      );
    }
    try {
      return await perform(args);
    } catch (error) {
      if (error instanceof ApplicationFailure) throw error;
      failed(error, activityType);
      throw refusal('HOST_LOST', 'the stores of the host did not answer', true);
    }
  };
}

/** A plan that is too long for history goes without its source map; code that is too long still is refused. */
function fitted(loaded: LoadedGuest, maxBytes: number): LoadedGuest {
  if (!loaded.ok || sizeOf(loaded) <= maxBytes) return loaded;
  const short: LoadedGuest = { ok: true, plan: { ...loaded.plan, map: '' } };
  const bytes = sizeOf(short);
  if (bytes <= maxBytes) return short;
  const message = `${loaded.plan.workflow.name} workflow_code: found ${bytes} bytes compiled, expected at most ${maxBytes}`;
  return { ok: false, code: 'CODE_TOO_LARGE', message };
}

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

async function targetOf(workflowId: string, taskQueue: string): Promise<Target> {
  const began = performance.now();
  if (await isOn(workflowId, taskQueue)) return 'own';
  await setTimeout(MISSING_AFTER_MS - ((performance.now() - began) % MISSING_AFTER_MS));
  return 'missing';
}

async function isOn(workflowId: string, taskQueue: string): Promise<boolean> {
  try {
    const description = await Context.current().client.workflow.getHandle(workflowId).describe();
    return description.taskQueue === taskQueue;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** Of those that Temporal keeps for itself, the ones that it lets workflows set. */
const SETTABLE: ReadonlySet<string> = new Set([
  'TemporalChangeVersion',
  'BinaryChecksums',
  'BuildIds',
  'BatcherNamespace',
  'BatcherUser',
  'TemporalScheduledStartTime',
  'TemporalScheduledById',
  'TemporalSchedulePaused',
  'TemporalPauseInfo',
]);
/** Of gRPC: who may start workflows need not be an operator, nor every server have this call. */
const UNTOLD: ReadonlySet<unknown> = new Set([7, 12, 16]);

/** Types of those names that the namespace has, `SYSTEM` where nobody may set it; null where Temporal does not tell. */
async function attributesOf(names: readonly unknown[]): Promise<Readonly<Record<string, string>> | null> {
  const { connection, options } = Context.current().client;
  try {
    const found = await connection.operatorService.listSearchAttributes({ namespace: options.namespace });
    const system = new Map(Object.entries(found.systemAttributes ?? {}));
    const custom = new Map(Object.entries(found.customAttributes ?? {}));
    const types = names.flatMap((name) => {
      const isKept = system.has(String(name)) && !SETTABLE.has(String(name));
      const type = custom.get(String(name)) ?? system.get(String(name));
      return type === undefined ? [] : [[name, isKept ? 'SYSTEM' : typeName(type)]];
    });
    return Object.fromEntries(types) as Record<string, string>;
  } catch (error) {
    if (UNTOLD.has((error as { readonly code?: unknown }).code)) return null;
    throw error;
  }
}

function typeName(type: number): string {
  return (IndexedValueType[type] ?? '').replace('INDEXED_VALUE_TYPE_', '');
}
