/** Readers for the parts of a request that several routes take. */
import type { Request } from '@hapi/hapi';
import { ApiError } from '../error.ts';

const LONGEST_SHOWN = 100;
const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/** `?branch=`; null when absent: the main branch. The name itself is judged where git is near. */
export function branchOf(request: Request): string | null {
  const { branch } = request.query as Record<string, unknown>;
  if (branch === undefined) return null;
  if (typeof branch === 'string' && branch !== '') return branch;
  throw new ApiError('BRANCH_INVALID', 'the branch name is not valid', {
    where: 'query branch',
    found: shown(branch),
    expected: 'one branch name',
  });
}

/** Workflow id of the path. An id of another form names no workflow. */
export function workflowOf(request: Request): string {
  const { id } = request.params as Record<string, string>;
  if (id !== undefined && ID.test(id)) return id;
  throw new ApiError('WORKFLOW_NOT_FOUND', 'no such workflow', { where: 'path', found: shown(id) });
}

/** A client's value as an error repeats it: in short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
