import type { Placed } from '../report/fields.ts';
import type { Report } from '../report/report.ts';
import { quoted } from '../report/words.ts';
import type { Position } from '../yaml/node.ts';

/** An activity as the tree sees it. */
export interface TreeNode {
  readonly id: string;
  readonly idAt: Position;
  readonly children: readonly Placed[];
}

/** The tree of a workflow, usable also when it is broken. */
export interface Tree {
  /** Ids from the parent up to the root; empty for a root or unknown id. */
  ancestors(id: string): readonly string[];
  /** Reachable ids, depth-first in declared order. */
  readonly walk: readonly string[];
}

interface Mention {
  /** Null: `rootChildren`. */
  readonly parent: string | null;
  readonly at: Position;
}

/** Builds the tree and reports unknown children, second parents, cycles and orphans. Ids of `nodes` are unique. */
export function buildTree(nodes: readonly TreeNode[], roots: readonly Placed[], report: Report): Tree {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const mentions = new Map<string, Mention[]>(nodes.map(({ id }) => [id, []]));
  const ids = [...byId.keys()];
  const mention = (parent: string | null, where: string) => (child: Placed) => {
    const known = mentions.get(child.text);
    if (known !== undefined) known.push({ parent, at: child.node.at });
    else reportUnknown(child, where, ids, report);
  };
  roots.forEach(mention(null, 'workflow rootChildren'));
  for (const { id, children } of nodes) children.forEach(mention(id, `activity ${quoted(id)} children`));

  for (const [id, found] of mentions) reportTwice(id, found, report);
  const parents = new Map([...mentions].map(([id, [first]]) => [id, first?.parent ?? null]));
  for (const cycle of findCycles(nodes, byId)) reportCycle(cycle, byId, report);
  for (const { id, idAt } of nodes) {
    if (mentions.get(id)?.length === 0) reportOrphan(id, idAt, report);
  }
  const ancestors = memoise((id) => climb(id, parents));
  return { ancestors, walk: walkOrder(roots, byId) };
}

function reportUnknown(child: Placed, where: string, ids: readonly string[], report: Report): void {
  const expected = `an activity id of this workflow${report.didYouMean(child.text, ids)}`;
  report.add({ code: 'CHILD_UNKNOWN', at: child.node.at, where, found: quoted(child.text), expected });
}

function reportTwice(id: string, mentions: readonly Mention[], report: Report): void {
  const [first, ...more] = mentions;
  for (const { parent, at } of more) {
    const found =
      parent === first?.parent
        ? `${place(parent)} twice`
        : `${place(first?.parent ?? null)} and ${place(parent, first?.parent)}`;
    report.add({ code: 'CHILD_TWICE', at, where: `activity ${quoted(id)}`, found, expected: 'one parent' });
  }
}

/** The second of two `children` lists needs no repetition of the word. */
function place(parent: string | null, before?: string | null): string {
  if (parent === null) return 'in rootChildren';
  return before == null ? `in children of ${quoted(parent)}` : `of ${quoted(parent)}`;
}

function reportOrphan(id: string, at: Position, report: Report): void {
  const expected = 'it in rootChildren or in one children list';
  const where = `activity ${quoted(id)}`;
  report.add({ code: 'ACTIVITY_ORPHAN', at, where, found: 'no path from rootChildren', expected });
}

function reportCycle(cycle: readonly string[], byId: ReadonlyMap<string, TreeNode>, report: Report): void {
  const [first = ''] = cycle;
  report.add({
    code: 'TREE_CYCLE',
    at: byId.get(first)?.idAt ?? { line: 1, column: 1 },
    where: `activity ${quoted(first)}`,
    found: `the cycle ${[...cycle, first].join(' → ')}`,
    expected: 'a tree',
  });
}

/** Each cycle once, beginning with the activity that stands first in the file. Depth-first without recursion. */
function findCycles(nodes: readonly TreeNode[], byId: ReadonlyMap<string, TreeNode>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  for (const start of nodes) {
    const path: { readonly node: TreeNode; next: number }[] = done.has(start.id) ? [] : [{ node: start, next: 0 }];
    const onPath = new Map<string, number>([[start.id, 0]]);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const child = byId.get(top.node.children[top.next++]?.text ?? '');
      if (child === undefined && top.next > top.node.children.length) {
        done.add(top.node.id);
        onPath.delete(top.node.id);
        path.pop();
      } else if (child !== undefined && onPath.has(child.id)) {
        cycles.push(path.slice(onPath.get(child.id)).map(({ node }) => node.id));
      } else if (child !== undefined && !done.has(child.id)) {
        onPath.set(child.id, path.length);
        path.push({ node: child, next: 0 });
      }
    }
  }
  return cycles;
}

function climb(id: string, parents: ReadonlyMap<string, string | null>): string[] {
  const found = new Set<string>();
  for (let at = parents.get(id) ?? null; at !== null && !found.has(at); at = parents.get(at) ?? null) found.add(at);
  return [...found];
}

function walkOrder(roots: readonly Placed[], byId: ReadonlyMap<string, TreeNode>): string[] {
  const order = new Set<string>();
  const open = roots.map(({ text }) => text).reverse();
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const node = byId.get(id);
    if (node === undefined || order.has(id)) continue;
    order.add(id);
    open.push(...node.children.map(({ text }) => text).reverse());
  }
  return [...order];
}

function memoise(compute: (id: string) => readonly string[]): (id: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (id) => {
    const value = known.get(id) ?? compute(id);
    known.set(id, value);
    return value;
  };
}
