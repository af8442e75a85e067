import type { BuildProblem } from '../contract.ts';
import type { FromBuild, Question } from './message.ts';

const CODES: ReadonlySet<unknown> = new Set<BuildProblem['code']>(['IMPORT_UNKNOWN', 'BUILD_FAILED', 'SCRIPT_MISSING']);

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
      const { code, map, exports, inputs } = value;
      const isWhole = typeof code === 'string' && typeof map === 'string' && isTexts(exports) && isTexts(inputs);
      return isWhole ? { t: 'made', code, map, exports, inputs } : null;
    }
    case 'failed':
      return Array.isArray(value.problems) && value.problems.every(isProblem)
        ? { t: 'failed', problems: value.problems }
        : null;
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

function isProblem(value: unknown): value is BuildProblem {
  if (!isRecord(value)) return false;
  const { code, file, line, column, found, expected } = value;
  const isPlace = typeof file === 'string' && typeof line === 'number' && typeof column === 'number';
  return CODES.has(code) && isPlace && typeof found === 'string' && typeof expected === 'string';
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((part) => typeof part === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
