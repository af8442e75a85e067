import type { Report } from '../report/report.ts';
import { listed, quoted } from '../report/words.ts';
import type { Position } from '../yaml/node.ts';
import type { Tree } from './tree.ts';

/** Where an expression stands: which activity, at which place of its fields. */
export interface Use {
  readonly activity: string;
  /** E.g. `activity "x" params.a`. */
  readonly where: string;
  readonly at: Position;
}

/** What expressions of a workflow may name. */
export interface Names {
  readonly tree: Tree;
  readonly ids: ReadonlySet<string>;
  /** Declared input; null when the workflow has no `input`. */
  readonly input: readonly string[] | null;
  readonly report: Report;
}

/** Reports `$activities.<id>` unless it names an ancestor of the activity that uses it. */
export function checkReference(id: string, use: Use, { tree, ids, report }: Names): void {
  const ancestors = tree.ancestors(use.activity);
  if (ancestors.includes(id)) return;
  const expected = `an ancestor of ${quoted(use.activity)}: ${listed(ancestors)}`;
  const place = { at: use.at, where: use.where };
  if (!ids.has(id)) {
    const hint = report.didYouMean(id, ancestors);
    report.add({ ...place, code: 'REFERENCE_UNKNOWN', found: `activity ${quoted(id)}`, expected: expected + hint });
    return;
  }
  report.add({ ...place, code: 'REFERENCE_NOT_ANCESTOR', found: relation(id, use.activity, tree), expected });
}

function relation(id: string, user: string, tree: Tree): string {
  if (id === user) return 'itself';
  if (tree.ancestors(id).includes(user)) return `descendant ${quoted(id)}`;
  const siblings = tree.ancestors(id)[0] === tree.ancestors(user)[0];
  return siblings ? `sibling ${quoted(id)}` : `${quoted(id)} of another branch`;
}

/** Warns of `$input.<name>` that the workflow's `input` does not declare. */
export function checkInput(path: readonly string[], use: Use, { input, report }: Names): void {
  const [name] = path;
  if (input === null || name === undefined || input.includes(name)) return;
  const expected = `a name declared in input${report.didYouMean(name, input)}`;
  report.add({ code: 'INPUT_UNDECLARED', at: use.at, where: use.where, found: `$input.${name}`, expected });
}
