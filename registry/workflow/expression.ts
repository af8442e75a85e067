import type { Template } from '../plan.ts';

/** What a scalar of `params` or `applicability` means; null for a string that begins with `$` and is none of the forms. */
export function compileScalar(value: string | number | boolean | null): Template | null {
  if (typeof value !== 'string' || !value.startsWith('$')) return { kind: 'literal', value };
  if (value.startsWith('$$')) return { kind: 'literal', value: value.slice(1) };
  const input = /^\$input((?:\.[^.]+)*)$/.exec(value);
  if (input !== null) return { kind: 'input', path: segments(input[1]) };
  const output = /^\$activities\.([^.]+)\.output((?:\.[^.]+)*)$/.exec(value);
  if (output !== null) return { kind: 'output', activity: output[1] ?? '', path: segments(output[2]) };
  return null;
}

function segments(path: string | undefined): string[] {
  return path ? path.slice(1).split('.') : [];
}

/** What is expected of a string that begins with `$`. */
export function expressionExpected(text: string): string {
  return `$input…, $activities.<id>.output… or ${JSON.stringify(`$${text.slice(0, 80)}`)} for literal text`;
}
