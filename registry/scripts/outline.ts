/** What a script's text says of it, without building it: enough to list scripts, and nothing to run them by. */

/** A script as it is listed. */
export interface ScriptOutline {
  readonly hasMain: boolean;
  /** The text of `export const description`; null when there is none, or it is no plain text. */
  readonly description: string | null;
}

const MAIN = /^[ \t]*export[ \t]+(?:(?:async[ \t]+)?function[ \t]*\*?|const|let|var)[ \t]+main\b/m;
const LIST = /^[ \t]*export[ \t]+\{([^}]{0,1000})\}/gm;
const DESCRIPTION =
  /^[ \t]*export[ \t]+const[ \t]+description(?:[ \t]*:[ \t]*string)?[ \t]*=\s{0,80}(?:'((?:[^'\\\n]|\\.){0,4000})'|"((?:[^"\\\n]|\\.){0,4000})"|`((?:[^`\\$]|\\.){0,4000})`)/m;
/** Beyond this a text is not looked at. */
const MOST_CHARACTERS = 200_000;

/** Reads the outline of a TypeScript text. */
export function outlineOf(text: string): ScriptOutline {
  if (text.length > MOST_CHARACTERS) return { hasMain: true, description: null };
  const [, single, double, template] = DESCRIPTION.exec(text) ?? [];
  const literal = single ?? double ?? template;
  return { hasMain: hasMain(text), description: literal === undefined ? null : unescaped(literal) };
}

function hasMain(text: string): boolean {
  return MAIN.test(text) || [...text.matchAll(LIST)].some(([, names]) => /\bmain\b/.test(names ?? ''));
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

function unescaped(literal: string): string {
  return literal.replace(/\\(\r?\n|.)/gs, (_, what: string) => (what.endsWith('\n') ? '' : (ESCAPES[what] ?? what)));
}
