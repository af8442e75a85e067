/** Checks of what happens to runs: whether somebody takes them, and what they and their activities fail of. */
import { shown } from '../../api/query.ts';
import { isFailureCode, isProjectErrorCode } from '../../codes.ts';
import type { Find, Finding } from './checks.ts';
import type { Evidence } from './evidence.ts';
import type { SeenFailure } from './runs.ts';
import { isHealthy } from './worker.ts';

const LONGEST_MESSAGE = 300;

/** A check that finds failures of these codes. */
export function failureCheck(...codes: readonly string[]): Find {
  return ({ runs }) => first(runs?.failures, ({ code }) => codes.includes(code), 'none');
}

function first(
  failures: readonly SeenFailure[] = [],
  is: (failure: SeenFailure) => boolean,
  expected: string,
): Finding | null {
  const [one, ...more] = failures.filter(is);
  if (one === undefined) return null;
  const { workflowId, activity, message, attempts } = one;
  const tried = attempts === null ? '' : ` at attempt ${attempts}`;
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return {
    where: activity === null ? `run ${workflowId}` : `activity ${activity} of run ${workflowId}`,
    found: `${one.code}${tried}: ${message.slice(0, LONGEST_MESSAGE)}${others}`,
    expected,
  };
}

/** Something is there that a worker should do. */
function isWanted({ project, runs, queue }: Evidence): boolean {
  return project?.workerDesired === 'running' || (runs?.open.length ?? 0) > 0 || (queue?.backlog ?? 0) > 0;
}

const notRunning: Find = (evidence) => {
  const { project, workers, runs, queue, database } = evidence;
  if (project === null || database !== null || !isWanted(evidence)) return null;
  if (workers.some((row) => isHealthy(row, evidence))) return null;
  const waiting = `${runs?.open.length ?? 'unknown'} open runs, ${queue?.backlog ?? 'unknown'} tasks waiting`;
  return {
    where: `worker of project ${project.id}`,
    found: `${workers[0]?.status ?? 'never started'}, with ${waiting}`,
    expected: 'a running worker',
  };
};

const noPollers: Find = (evidence) => {
  const { project, queue } = evidence;
  if (project === null || queue === null || queue.pollers > 0 || !isWanted(evidence)) return null;
  return {
    where: `task queue ${shown(project.taskQueueName)}`,
    found: 'no pollers at Temporal',
    expected: 'at least one',
  };
};

const unknownType: Find = (evidence) => {
  const failed = failureCheck('WORKFLOW_TYPE_UNKNOWN')(evidence, false);
  if (failed !== null) return failed;
  const { loaded, runs } = evidence;
  const types = new Set(loaded?.workflows.flatMap((workflow) => workflow.types));
  const odd =
    loaded === null ? undefined : runs?.open.find(({ type, codeDigest }) => codeDigest === null && !types.has(type));
  if (odd === undefined) return null;
  const expected = types.size === 0 ? 'a workflow of the project' : `one of ${[...types].slice(0, 20).join(', ')}`;
  return { where: `run ${odd.workflowId}`, found: `workflow type ${shown(odd.type)}`, expected };
};

const failing: Find = ({ runs }) =>
  first(runs?.failures, ({ activity, attempts }) => activity !== null && attempts !== null, 'an attempt that succeeds');

/** What the host's own codes do not name is what a script threw. */
const isScripts = ({ activity, code }: SeenFailure): boolean =>
  activity !== null &&
  code !== 'TIMEOUT' &&
  (code === 'SCRIPT_ERROR' || !(isFailureCode(code) || isProjectErrorCode(code)));

const thrown: Find = ({ runs }) => first(runs?.failures, isScripts, 'a result');

const late: Find = ({ runs }) =>
  first(
    runs?.failures,
    ({ activity, code }) => activity !== null && ['SCRIPT_WALL', 'TIMEOUT'].includes(code),
    'a result within startToCloseTimeout and scheduleToCloseTimeout',
  );

const exhausted: Find = ({ runs }) =>
  first(runs?.failures, ({ isExhausted }) => isExhausted, 'an attempt that succeeds within maximumAttempts');

const pinned: Find = ({ loaded, runs }) => {
  for (const { workflowId, type, codeDigest } of runs?.open ?? []) {
    const current = loaded?.workflows.find(({ types }) => types.includes(type))?.digest;
    if (codeDigest === null || current === undefined || codeDigest === current) continue;
    return {
      where: `run ${workflowId}`,
      found: `code ${codeDigest}`,
      expected: `the current code ${current}, which new runs have`,
    };
  }
  return null;
};

/** By their codes. */
export const EXECUTION_CHECKS = {
  WORKER_NOT_RUNNING: notRunning,
  NO_POLLERS: noPollers,
  WORKFLOW_TYPE_UNKNOWN: unknownType,
  ACTIVITY_FAILING: failing,
  ACTIVITY_ERROR: thrown,
  SCRIPT_WALL: late,
  ACTIVITY_RETRIES_EXHAUSTED: exhausted,
  RUN_PINNED: pinned,
} as const;
