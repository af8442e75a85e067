import type { Message } from 'esbuild-wasm';
import type { BuildProblem } from '../contract.ts';
import { plainPath } from './path.ts';
import type { Fault } from './resolver.ts';

const MAX_TEXT = 500;

/** esbuild's message as a problem of the project: path, line and column as an editor counts them. Without a place it is the entry's. */
export function toProblem(message: Message, entry: string): BuildProblem {
  const { location, detail } = message;
  const fault = isFault(detail) ? detail : plainFault(message);
  const before = location ? Buffer.from(location.lineText).subarray(0, location.column).toString() : '';
  return {
    code: fault.code,
    file: plainPath(location?.file ?? entry),
    line: location?.line ?? 1,
    column: before.length + 1,
    found: fault.found.slice(0, MAX_TEXT),
    expected: fault.expected,
  };
}

function plainFault({ id, text }: Message): Fault {
  if (id === 'unsupported-dynamic-import' || text.startsWith('Could not resolve import(')) {
    return { code: 'IMPORT_UNKNOWN', found: 'import() of a computed name', expected: 'import() of a text' };
  }
  return { code: 'BUILD_FAILED', found: text, expected: 'TypeScript that compiles' };
}

function isFault(detail: unknown): detail is Fault {
  return typeof detail === 'object' && detail !== null && 'code' in detail && 'expected' in detail;
}
