import type { WorkflowSource } from './source.ts';

type Workflows = ReadonlyMap<string, WorkflowSource>;

/** Ways that are searched for and shown; further workflows of a cycle are named without one. */
const MOST_SHOWN = 20;
const LONGEST_SHOWN = 20;

/** Reports every workflow that reaches itself by `childWorkflow`, once, at the first activity through which it does. */
export function checkChildCycles(workflows: Workflows): void {
  const children = new Map([...workflows.values()].map((workflow) => [workflow.id, childrenOf(workflow, workflows)]));
  let shown = 0;
  for (const group of findCycles(children)) {
    for (const id of group) {
      const workflow = workflows.get(id);
      const activity = workflow?.activities.find(({ childWorkflow }) => group.has(childWorkflow?.text ?? ''));
      if (!workflow || !activity?.childWorkflow) continue;
      const { text, node } = activity.childWorkflow;
      const way = shown++ < MOST_SHOWN ? pathTo(id, text, children) : [text, '…', id];
      workflow.report.add({
        code: 'CHILD_WORKFLOW_CYCLE',
        at: node.at,
        where: `activity ${JSON.stringify(activity.id)} childWorkflow`,
        found: [id, ...shorten(way)].join(' → '),
        expected: 'no workflow to reach itself',
      });
    }
  }
}

type Graph = ReadonlyMap<string, readonly string[]>;

function childrenOf({ activities }: WorkflowSource, workflows: Workflows): readonly string[] {
  const ids = activities.flatMap(({ childWorkflow }) => childWorkflow?.text ?? []);
  return [...new Set(ids)].filter((id) => workflows.has(id));
}

interface Visit {
  readonly id: string;
  readonly index: number;
  low: number;
  next: number;
}

/** The strongly connected parts that hold a cycle, by Tarjan's algorithm: in one pass, and without recursion. */
function findCycles(graph: Graph): ReadonlySet<string>[] {
  const cycles: ReadonlySet<string>[] = [];
  const visits = new Map<string, Visit>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  for (const start of graph.keys()) {
    const path: Visit[] = [];
    const enter = (id: string): void => {
      const visit = { id, index: visits.size, low: visits.size, next: 0 };
      visits.set(id, visit);
      open.push(id);
      isOpen.add(id);
      path.push(visit);
    };
    if (!visits.has(start)) enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const child = graph.get(top.id)?.[top.next++];
      const known = child === undefined ? undefined : visits.get(child);
      if (child !== undefined && known === undefined) enter(child);
      else if (known !== undefined && isOpen.has(known.id)) top.low = Math.min(top.low, known.index);
      if (child !== undefined) continue;
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) parent.low = Math.min(parent.low, top.low);
      if (top.low < top.index) continue;
      const part = new Set(open.splice(open.lastIndexOf(top.id)));
      for (const id of part) isOpen.delete(id);
      if (part.size > 1 || graph.get(top.id)?.includes(top.id)) cycles.push(part);
    }
  }
  return cycles;
}

/** Ids from `start` to `goal`, both included. Breadth first. */
function pathTo(goal: string, start: string, graph: Graph): string[] {
  const cameFrom = new Map<string, string | null>([[start, null]]);
  for (const id of cameFrom.keys()) {
    if (id === goal) return trace(id, cameFrom);
    for (const child of graph.get(id) ?? []) if (!cameFrom.has(child)) cameFrom.set(child, id);
  }
  return [start, goal];
}

function trace(end: string, cameFrom: ReadonlyMap<string, string | null>): string[] {
  const path: string[] = [];
  for (let id: string | null = end; id !== null; id = cameFrom.get(id) ?? null) path.push(id);
  return path.reverse();
}

function shorten(way: readonly string[]): readonly string[] {
  return way.length > LONGEST_SHOWN ? [...way.slice(0, LONGEST_SHOWN - 2), '…', ...way.slice(-1)] : way;
}
