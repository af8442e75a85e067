import type { BuildProblem } from '../contract.ts';
import type { FromBuild, Question } from './message.ts';

const CODES: ReadonlySet<unknown> = new Set<BuildProblem['code']>(['IMPORT_UNKNOWN', 'BUILD_FAILED', 'SCRIPT_MISSING']);

/** Problems of one build, and characters of each of their texts: what a build of ours keeps to. */
const MAX_PROBLEMS = 20;
const MAX_CHARS = 2_048;

/** A message of a build process as a typed value, or null when it is none: what it read is not trusted. */
export function parseFromBuild(value: unknown): FromBuild | null {
  if (!isRecord(value)) return null;
  switch (value.t) {
    case 'ready':
      return { t: 'ready' };
    case 'ask': {
      const question = parseQuestion(value.question);
      return question && typeof value.id === 'number' ? { t: 'ask', id: value.id, question } : null;
    }
    case 'made': {
      const { code, map, exports, functions, unclear, inputs } = value;
      if (typeof code !== 'string' || typeof map !== 'string' || !isTexts(inputs)) return null;
      if (!isTexts(exports) || !isTexts(functions) || !isTexts(unclear)) return null;
      return { t: 'made', code, map, exports, functions, unclear, inputs };
    }
    case 'failed':
      return parseFailed(value.problems);
    default:
      return null;
  }
}

function parseQuestion(value: unknown): Question | null {
  if (!isRecord(value)) return null;
  const { of, path, name, specifier, key, from } = value;
  if (of === 'file' && typeof path === 'string') return { of, path };
  if (of === 'builtIn' && typeof name === 'string') return { of, name };
  if (of === 'virtual' && typeof specifier === 'string') return { of, specifier };
  if (of === 'packageFile' && typeof key === 'string' && typeof path === 'string') return { of, key, path };
  const isFrom = from === null || typeof from === 'string';
  return of === 'package' && typeof name === 'string' && isFrom ? { of, name, from } : null;
}

function parseFailed(problems: unknown): FromBuild | null {
  if (!Array.isArray(problems)) return null;
  const parsed = problems.slice(0, MAX_PROBLEMS).map(parseProblem);
  return parsed.every((problem) => problem !== null) ? { t: 'failed', problems: parsed } : null;
}

function parseProblem(value: unknown): BuildProblem | null {
  if (!isRecord(value)) return null;
  const { code, file, line, column, found, expected } = value;
  if (!isCode(code) || typeof file !== 'string' || !isPosition(line) || !isPosition(column)) return null;
  if (typeof found !== 'string' || typeof expected !== 'string') return null;
  const cut = (text: string): string => text.slice(0, MAX_CHARS);
  return { code, file: cut(file), line, column, found: cut(found), expected: cut(expected) };
}

function isCode(value: unknown): value is BuildProblem['code'] {
  return CODES.has(value);
}

function isPosition(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((part) => typeof part === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
