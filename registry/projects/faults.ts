import type { BuildFault } from '../build.ts';
import type { ProjectProblem } from './problem.ts';
import { quoted } from './words.ts';

/** A code that was built, for the sentences about it. */
export interface BuiltSource {
  /** E.g. `email-processor workflow_code`. */
  readonly label: string;
  /** Path of the entry, and its text. */
  readonly entry: string;
  readonly text: string;
  readonly language: 'TypeScript' | 'JavaScript';
  readonly syntax: 'WORKFLOW_SYNTAX' | 'ACTIVITY_SYNTAX';
  /** What may be imported, e.g. `@temporalio/workflow or @temporalio/common`. */
  readonly imports: string;
  readonly of: Pick<ProjectProblem, 'workflowId' | 'componentId'>;
}

/** Words that the build has for whatever the compiler said. */
const COMPILES = 'TypeScript that compiles';

/** What a build found, in the words of projects: lines count from 1 and columns from 0. */
export function faultProblem(fault: BuildFault, source: BuiltSource): ProjectProblem {
  const { label, entry, language, syntax, imports, of } = source;
  const place = (line: number, column: number): string => {
    return `${label} ${fault.file === entry ? '' : `${fault.file} `}${line}:${column}`;
  };
  const column = fault.column - 1;
  const text = fault.file === entry ? source.text : '';
  if (fault.code === 'IMPORT_UNKNOWN') {
    const at = statementOf(text, fault.line, column);
    return { code: 'IMPORT_FORBIDDEN', where: place(at.line, at.column), found: fault.found, expected: imports, ...of };
  }
  const [, module, name] =
    /^No matching export in "(?:virtual|project):(.*)" for import "(.*)"$/s.exec(fault.found) ?? [];
  if (module !== undefined && name !== undefined) {
    const expected = `a name that ${module} exports`;
    return { code: syntax, where: place(fault.line, column), found: `import of ${quoted(name)}`, expected, ...of };
  }
  if (fault.expected !== COMPILES) return limitProblem(fault, source);
  const offence = offenceOf(fault, text);
  const expected = `valid ${language} (${fault.found.replace(/ \("esnext" \+ \d+ overrides\)$/, '')})`;
  return { code: syntax, where: place(fault.line, offence.column), found: offence.found, expected, ...of };
}

/** A limit of builds: on size, or on time and memory. */
function limitProblem({ found, expected }: BuildFault, { label, of }: BuiltSource): ProjectProblem {
  const code = found.startsWith('a bundle of ') ? 'CODE_TOO_LARGE' : 'BUILD_FAILED';
  return { code, where: label, found, expected, ...of };
}

/** Longest text of an import statement that is looked through for its beginning. */
const STATEMENT = 10_000;

/** Where the statement begins whose specifier stands at a place. */
function statementOf(text: string, line: number, column: number): { readonly line: number; readonly column: number } {
  const lines = text.split('\n', line);
  const before = [...lines.slice(0, -1), (lines.at(-1) ?? '').slice(0, column)].join('\n').slice(-STATEMENT);
  const start = [...before.matchAll(/(?<![\w$.])(?:import|export|require)(?![\w$])/g)].at(-1)?.index;
  if (start === undefined) return { line, column };
  const after = before.slice(start).split('\n').length - 1;
  const opening = lines[line - after - 1] ?? '';
  const inLine = after === 0 ? column - (before.length - start) : opening.search(/(?:import|export|require)/);
  return { line: line - after, column: Math.max(0, inLine) };
}

/** Longest word, with the blanks after it, that is told before an offence. */
const WORD = 80;

/** The text that the compiler stumbled on, and its column. */
function offenceOf({ found, line, column }: BuildFault, text: string): { found: string; column: number } {
  const start = column - 1;
  const row = (text.split('\n', line)[line - 1] ?? '').replace(/\r$/, '');
  if (found.endsWith('end of file')) return { found: 'the end of the text', column: start };
  const [, token] = /\bfound "(.*)"$/s.exec(found) ?? [];
  const here = token !== undefined && row.startsWith(token, start) ? token : row.slice(start).trimEnd();
  // Where two words stand beside each other, the first is the one to blame.
  const [before] = /[\w$]+[ \t]+$/.exec(row.slice(Math.max(0, start - WORD), start)) ?? [];
  if (found.startsWith('Expected ";"') && before !== undefined) {
    return { found: quoted(before + here), column: start - before.length };
  }
  return { found: here === '' ? 'the end of the line' : quoted(here), column: start };
}
