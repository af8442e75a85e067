import { harden } from './harden.ts';
import { isText, toJson } from './json.ts';
import { pinRealm } from './pin.ts';
import { apply, construct, create, cut, ownKeys, parse, stringify } from './primordials.ts';
import { describe } from './thrown.ts';

/** What the cell asks of the second isolate, as JSON text. */
interface Question {
  readonly source: string;
  readonly scope: Record<string, unknown>;
  readonly max: number;
  /** For the text of a deterministic run: its clock, epoch milliseconds, and a seed of 32 bytes, hex. */
  readonly pin?: { readonly at: number; readonly seed: string };
}

harden();

/**
 * Evaluates data that is code, in an isolate that has no way out: returns `{"ok": …}` or `{"err": text}`. The source is an
 * expression, or else the body of a function; the entries of the scope are its variables.
 */
export function evaluate(question: string): string {
  const { source, scope, max, pin }: Question = parse(question);
  if (pin) pinRealm({ now: () => pin.at }, pin.seed);
  try {
    const names = ownKeys(scope) as string[];
    const values: unknown[] = [];
    for (let i = 0; i < names.length; i++) values[i] = scope[names[i] as string];
    const value: unknown = apply(compile(names, source), undefined, values);
    const json = toJson(value, max);
    return isText(json) ? `{"ok":${json.text}}` : refusal(json.why);
  } catch (error) {
    return refusal(describe(error).message);
  }
}

/** Without a prototype, so that no `toJSON` of the text's has a say. */
function refusal(why: string): string {
  const answer: { err?: string } = create(null);
  answer.err = cut(why, 500);
  return stringify(answer);
}

function compile(names: string[], source: string): Callable {
  try {
    return construct(Function, [...names, `return (${source}\n);`]) as Callable;
  } catch {
    return construct(Function, [...names, source]) as Callable;
  }
}

type Callable = (...args: unknown[]) => unknown;
