/** Publication of a workflow: checked first, then kept as the current code, then recorded in its history. */
import {
  type ProjectProblem,
  type ProjectRow,
  type ProjectWorkflowRow,
  projectSentence,
} from '../../../registry/index.ts';
import { ApiError } from '../../error.ts';
import { need } from '../endpoint.ts';
import type { ApiParts } from '../server.ts';
import { tables } from './find.ts';
import { listedWorkflow } from './schemas.ts';

/** What is asked for. */
export interface Publication {
  /** Code to publish; absent: that which is kept. */
  readonly code?: string | null;
  readonly version: string | null;
  readonly activate: boolean;
}

/** A problem as the API tells it. */
export function problemView(problem: ProjectProblem) {
  const { code, where, found, expected, workflowId, componentId } = problem;
  return {
    ...{ code, error: projectSentence(problem), where, found, expected },
    ...(workflowId !== undefined && { workflowId }),
    ...(componentId !== undefined && { componentId }),
  };
}

/**
 * Publishes a workflow. Rejects with `WORKFLOW_INVALID` and every problem, and leaves everything as it was. A crash between the
 * two writes leaves code that is current and not recorded, which is warned of; publishing again records it.
 */
export async function publish(
  parts: ApiParts,
  project: ProjectRow,
  workflow: ProjectWorkflowRow,
  { code, version, activate }: Publication,
) {
  const wanted = {
    ...workflow,
    ...(code !== undefined && { compiledTypescript: code }),
    ...(activate && { status: 'active', isActive: true }),
  };
  const { codes, types, digest, errors, warnings } = await need(parts.projectCode, 'project workers').check(
    project,
    wanted,
  );
  const [first] = errors;
  if (first !== undefined || codes === null) {
    const problems = errors.map(problemView);
    throw new ApiError('WORKFLOW_INVALID', first ? projectSentence(first) : 'the workflow has no code', { problems });
  }
  const store = tables(parts);
  const { id, name, projectId } = workflow;
  // What was checked is what is kept, also where somebody else has written meanwhile.
  const saved = await store.saveProjectWorkflow({
    ...{ id, name, projectId, compiledTypescript: wanted.compiledTypescript },
    ...(activate && { status: 'active', isActive: true }),
  });
  const compilation = await store.recordCompilation(id, codes, version);
  // The next run finds it ready; what goes wrong here, that run would say.
  await parts.projects?.reload({ projectId }).catch(() => undefined);
  return {
    workflow: listedWorkflow(saved),
    compilation,
    types,
    codeDigest: digest,
    warnings: warnings.map(problemView),
  };
}
