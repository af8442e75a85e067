/** The host's own steps in a run of a project: local activities that the guest interpreter schedules, and nobody else. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { LoadedGuest, ProjectRow } from '../../../registry/index.ts';
import { refusal } from './failure.ts';
import { headerOf } from './header.ts';

/** What the steps need from their host. */
export interface StepDependencies {
  readonly project: () => ProjectRow;
  readonly code: { plan(project: ProjectRow, type: string): Promise<LoadedGuest> };
  /** What the first step may record in history, bytes. */
  readonly codeMaxBytes: number;
  /** A step failed for a reason of the host's; the text stays in the host. */
  readonly failed: (error: unknown, step: string) => void;
}

/** Whose an execution is that a run wants to signal or to cancel. */
export type Target = 'own' | 'foreign' | 'missing';

/** The steps by name. */
export function hostSteps(dependencies: StepDependencies) {
  return {
    'cloister:loadPlan': step(dependencies, async ({ type }) => {
      const plan = await dependencies.code.plan(dependencies.project(), type ?? '');
      return fitted(plan, dependencies.codeMaxBytes);
    }),
    'cloister:checkTarget': step(dependencies, ({ workflowId }) =>
      targetOf(workflowId ?? '', dependencies.project().taskQueueName),
    ),
  };
}

type Step<T> = (args: Readonly<Record<string, string | undefined>>) => Promise<T>;

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
  try {
    const description = await Context.current().client.workflow.getHandle(workflowId).describe();
    return description.taskQueue === taskQueue ? 'own' : 'foreign';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'missing';
    throw error;
  }
}
