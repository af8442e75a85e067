/** Checks of what a project has to run, and of the queue that it is to run on. */
import { isLoaded, type ProjectWorkflowRow, queueProblem } from '../../../registry/index.ts';
import { shown } from '../../api/query.ts';
import type { Find } from './checks.ts';

const MOST_TOLD = 20;

/** How each workflow stands, so that one sees which condition fails. */
function stands(workflows: readonly ProjectWorkflowRow[]): string {
  if (workflows.length === 0) return 'no workflow';
  const told = workflows.slice(0, MOST_TOLD).map(({ name, status, isActive, compiledTypescript }) => {
    const code = compiledTypescript === null ? 'not compiled' : 'compiled';
    return `${shown(name)} (status ${status ?? 'none'}, ${isActive ? 'is_active' : 'not is_active'}, ${code})`;
  });
  return [...told, ...(workflows.length > MOST_TOLD ? ['…'] : [])].join(', ');
}

const noWorkflows: Find = ({ project, workflows }) =>
  project === null || workflows.some(isLoaded)
    ? null
    : {
        where: `workflows of project ${project.id}`,
        found: stands(workflows),
        expected: 'one of status active, with is_active and compiled code',
      };

const inactive: Find = ({ workflows }) => {
  const idle = workflows.filter(
    (each) => each.compiledTypescript !== null && each.status !== 'archived' && !isLoaded(each),
  );
  if (idle.length === 0) return null;
  return { where: 'workflows', found: stands(idle), expected: 'status active and is_active, where they are to run' };
};

const invalid: Find = ({ project }) => (project === null ? null : queueProblem(project.taskQueueName, project.id));

const NAMED = /\btaskQueue\s*:\s*(['"`])([^'"`\n]{1,200})\1/g;

/** Queues that somebody wrote down: in what was drawn, or in code that is kept and never run. */
function namedQueues({ definition, compiledTypescript, name }: ProjectWorkflowRow): [where: string, queue: string][] {
  const drawn =
    typeof definition === 'object' && definition !== null && 'taskQueue' in definition ? definition.taskQueue : null;
  const code = [...workerCode(compiledTypescript).matchAll(NAMED)].map(([, , queue]) => String(queue));
  return [
    ...(typeof drawn === 'string' ? [[`workflows.definition.taskQueue of ${name}`, drawn] as [string, string]] : []),
    ...code.map((queue): [string, string] => [`worker_code of ${name}`, queue]),
  ];
}

function workerCode(text: string | null): string {
  try {
    const { worker_code: code } = (JSON.parse(text ?? '{}') ?? {}) as { worker_code?: unknown };
    return typeof code === 'string' ? code : '';
  } catch {
    return '';
  }
}

const mismatch: Find = ({ project, workflows, strayQueues }) => {
  if (project === null) return null;
  const { taskQueueName } = project;
  const expected = `the project's queue ${shown(taskQueueName)}`;
  const [named] = workflows.flatMap(namedQueues).filter(([, queue]) => queue !== taskQueueName);
  if (named) return { where: named[0], found: shown(named[1]), expected };
  const [stray] = strayQueues;
  return stray === undefined ? null : { where: 'open runs of its workflow types', found: shown(stray), expected };
};

/** By their codes. */
export const QUEUE_CHECKS = {
  NO_COMPILED_WORKFLOWS: noWorkflows,
  WORKFLOW_INACTIVE: inactive,
  TASK_QUEUE_INVALID: invalid,
  TASK_QUEUE_MISMATCH: mismatch,
} as const;
