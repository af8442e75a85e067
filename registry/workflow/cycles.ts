import type { WorkflowSource } from './source.ts';

/** Reports in `workflow` every `childWorkflow` through which it reaches itself. */
export function checkChildCycles(workflow: WorkflowSource, find: (id: string) => WorkflowSource | undefined): void {
  for (const { id, childWorkflow } of workflow.activities) {
    const path = childWorkflow && pathTo(workflow.id, childWorkflow.text, find);
    if (!path) continue;
    workflow.report.add({
      code: 'CHILD_WORKFLOW_CYCLE',
      at: childWorkflow.node.at,
      where: `activity ${JSON.stringify(id)} childWorkflow`,
      found: [workflow.id, ...path].join(' → '),
      expected: 'no workflow to reach itself',
    });
  }
}

/** Ids from `start` to `goal`, both included; undefined when there is no way. Breadth first. */
function pathTo(goal: string, start: string, find: (id: string) => WorkflowSource | undefined): string[] | undefined {
  const cameFrom = new Map<string, string | null>([[start, null]]);
  for (const id of cameFrom.keys()) {
    if (id === goal) return trace(id, cameFrom);
    for (const { childWorkflow } of find(id)?.activities ?? []) {
      if (childWorkflow && !cameFrom.has(childWorkflow.text)) cameFrom.set(childWorkflow.text, id);
    }
  }
  return undefined;
}

function trace(end: string, cameFrom: ReadonlyMap<string, string | null>): string[] {
  const path: string[] = [];
  for (let id: string | null = end; id !== null; id = cameFrom.get(id) ?? null) path.unshift(id);
  return path;
}
