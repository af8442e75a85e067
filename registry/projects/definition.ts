import type { ProjectWorkflowRow } from '../store/project.ts';
import type { ProjectProblem } from './problem.ts';
import { kindOf, plain } from './words.ts';

/** A node of a workflow that names a component. */
export interface ComponentReference {
  /** UUID, lower-case. */
  readonly component: string;
  readonly workflow: { readonly id: string; readonly name: string };
  /** Position of the node in `definition.nodes`. */
  readonly node: number;
  /** The workflow is one that is loaded. */
  readonly isActive: boolean;
}

/** True for a workflow that is loaded: status `active`, with code, not switched off. */
export function isLoaded({ status, isActive, compiledTypescript }: ProjectWorkflowRow): boolean {
  return status === 'active' && isActive && compiledTypescript !== null;
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Components that the definition of a workflow names, each as often as it does. DEFINITION_SHAPE for what is no id. */
export function readReferences(workflow: ProjectWorkflowRow): {
  readonly references: readonly ComponentReference[];
  readonly problems: readonly ProjectProblem[];
} {
  const references: ComponentReference[] = [];
  const problems: ProjectProblem[] = [];
  const refuse = (path: string, found: unknown, expected: string): void => {
    const where = `workflows.definition${path} of ${plain(workflow.name)}`;
    problems.push({ code: 'DEFINITION_SHAPE', where, found: kindOf(found), expected, workflowId: workflow.id });
  };
  const definition = asJson(workflow.definition);
  if (!isNothing(definition) && !isRecord(definition)) refuse('', definition, 'an object with nodes');
  const nodes: unknown = isRecord(definition) ? definition.nodes : undefined;
  if (!isNothing(nodes) && !Array.isArray(nodes)) refuse('.nodes', nodes, 'an array of nodes');
  for (const [node, each] of (Array.isArray(nodes) ? (nodes as readonly unknown[]) : []).entries()) {
    const data: unknown = isRecord(each) ? each.data : undefined;
    const component: unknown = isRecord(data) ? data.componentId : undefined;
    if (isNothing(component) || component === '') continue;
    if (typeof component !== 'string' || !UUID.test(component)) {
      refuse(`.nodes[${node}].data.componentId`, component, 'a UUID or nothing');
      continue;
    }
    const { id, name } = workflow;
    references.push({
      component: component.toLowerCase(),
      workflow: { id, name },
      node,
      isActive: isLoaded(workflow),
    });
  }
  return { references, problems };
}

/** A builder may have stored the text of it. */
function asJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

const isNothing = (value: unknown): value is undefined | null => value === undefined || value === null;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
