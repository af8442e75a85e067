/** Readers for the parts of a request that several routes take. */
import type { Request } from '@hapi/hapi';
import { ApiError } from '../error.ts';
import { isTenant } from '../tenants.ts';

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

/** `tenantOrganizationId` of an input, checked; null when there is none. */
export function tenantOf(input: Readonly<Record<string, unknown>>, unscopedRuns: 'allow' | 'deny'): string | null {
  const { tenantOrganizationId: tenant } = input;
  if (tenant === undefined && unscopedRuns === 'allow') return null;
  if (typeof tenant === 'string' && isTenant(tenant)) return tenant;
  throw new ApiError('TENANT_INVALID', 'the tenant is not valid', {
    where: 'body tenantOrganizationId',
    found: shown(tenant),
    expected: '1 to 64 letters, digits, "-" or "."',
  });
}

/** A client's value as an error repeats it: in short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/** A body that is one JSON object. */
export function objectOf(payload: unknown): Record<string, unknown> {
  const body = payload ?? {};
  if (typeof body === 'object' && !Array.isArray(body)) return body as Record<string, unknown>;
  throw new ApiError('BODY_INVALID', 'the body is not a JSON object', {
    where: 'body',
    found: Array.isArray(body) ? 'a list' : typeof body,
    expected: 'a JSON object',
  });
}
