/** Which exports of a bundle are functions, read from the text that esbuild prints, without running anything. */

/** Exports by what the text says of them; what is in neither list is surely no function. */
export interface SortedExports {
  readonly functions: readonly string[];
  /** Results of calls, and whatever the text does not show. */
  readonly unclear: readonly string[];
}

type Kind = 'function' | 'unclear' | 'value';

/** How esbuild prints what stands at the top of a bundle. */
const FUNCTION = /^ {2}(?:async )?function\*? ?([\w$]+)\(/gm;
const VARIABLE = /^ {2}(?:var|let|const) ([\w$]+)(?: = (?:\/\* @__PURE__ \*\/ )?|;$)/gm;
const CLASS = /^ {2}class ([\w$]+)/gm;

/** A value that is a function by its first words. Parentheses are looked at apart. */
const BEGINS_FUNCTION = /^(?:async )?(?:function\b|[\w$]+ => )/;
/** Calls of the Temporal SDK that give no workflow. */
const NO_FUNCTION = /^\(?(?:0, )?[\w$.]*\b(?:define(?:Signal|Query|Update)|proxy\w+|createActivity\w*)\)?\(/;
const CALL = /^(?:\(|[\w$.]+\(|[\w$]+(?:\.[\w$]+)+;)/;
const ALIAS = /^([\w$]+);/;

/** Parameters of an arrow function longer than this are not looked through. */
const MOST_CHARACTERS = 10_000;
const MOST_ALIASES = 8;

/**
 * Sorts the exports of a bundle, name → what stands behind it in `code`. A script that forges the text fools nobody but its own
 * runs.
 */
export function sortExports(code: string, exports: ReadonlyMap<string, string>): SortedExports {
  const names = [...exports.keys()];
  const kinds = kindsOf(code);
  const kindOf = (name: string): Kind => {
    let known: Kind | { readonly alias: string } | undefined = { alias: exports.get(name) ?? '' };
    for (let step = 0; step < MOST_ALIASES && typeof known === 'object'; step++) known = kinds.get(known.alias);
    return typeof known === 'string' ? known : 'unclear';
  };
  return {
    functions: names.filter((name) => kindOf(name) === 'function'),
    unclear: names.filter((name) => kindOf(name) === 'unclear'),
  };
}

function kindsOf(code: string): ReadonlyMap<string, Kind | { readonly alias: string }> {
  const kinds = new Map<string, Kind | { readonly alias: string }>();
  for (const match of code.matchAll(VARIABLE)) {
    const [text, name = ''] = match;
    const isEmpty = text.endsWith(';');
    const isPure = text.includes('@__PURE__');
    kinds.set(name, isEmpty ? 'unclear' : kindOfValue(code, match.index + text.length, isPure));
  }
  for (const [, name = ''] of code.matchAll(CLASS)) kinds.set(name, 'value');
  for (const [, name = ''] of code.matchAll(FUNCTION)) kinds.set(name, 'function');
  return kinds;
}

function kindOfValue(code: string, from: number, isPure: boolean): Kind | { readonly alias: string } {
  const text = code.slice(from, from + MOST_CHARACTERS);
  if (BEGINS_FUNCTION.test(text)) return 'function';
  const open = text.startsWith('async (') ? 'async '.length : 0;
  if (text[open] === '(' && text.startsWith(' =>', closing(text, open) + 1)) return 'function';
  // An enum: a function that is called at once.
  if (isPure && text.startsWith('((')) return 'value';
  const alias = ALIAS.exec(text)?.[1];
  if (alias !== undefined && !LITERALS.has(alias) && !/^\d/.test(alias)) return { alias };
  return CALL.test(text) && !NO_FUNCTION.test(text) ? 'unclear' : 'value';
}

const LITERALS: ReadonlySet<string> = new Set(['true', 'false', 'null', 'undefined', 'this', 'NaN', 'Infinity']);

/** Where the bracket that opens at `from` closes; texts in quotes are stepped over. Without an end: the length. */
function closing(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === '"' || char === "'" || char === '`') {
      for (at++; at < text.length && text[at] !== char; at++) if (text[at] === '\\') at++;
    } else if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char) && --depth === 0) return at;
  }
  return text.length;
}
