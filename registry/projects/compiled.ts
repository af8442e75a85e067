import type { CompiledCodes, ProjectWorkflowRow } from '../store/project.ts';
import type { ProjectProblem } from './problem.ts';
import { kindOf, plain, quoted } from './words.ts';

/** What `compiled_typescript` holds, or why it cannot be read. */
export type ReadCompiled =
  | { readonly ok: true; readonly codes: CompiledCodes }
  | { readonly ok: false; readonly problem: ProjectProblem };

/** A text this many times as long as the longest code is not even parsed. */
const MOST_TIMES = 6;

/**
 * Reads the three codes of a workflow: JSON text with `workflow_code`, and perhaps the others. COMPILED_NOT_JSON,
 * COMPILED_SHAPE, CODE_TOO_LARGE (a code of more than `maxBytes`; `worker_code` is never compiled and not measured).
 */
export function readCompiled(workflow: ProjectWorkflowRow, maxBytes: number): ReadCompiled {
  const name = plain(workflow.name);
  const refuse = (code: string, where: string, found: string, expected: string): ReadCompiled => {
    return { ok: false, problem: { code, where, found, expected, workflowId: workflow.id } };
  };
  const text = workflow.compiledTypescript ?? '';
  const column = 'workflows.compiled_typescript';
  const bytes = Buffer.byteLength(text);
  if (bytes > MOST_TIMES * maxBytes) {
    return refuse(
      'CODE_TOO_LARGE',
      `${name} compiled_typescript`,
      `${bytes} bytes`,
      `at most ${MOST_TIMES * maxBytes}`,
    );
  }
  const parsed = parse(text);
  if (parsed === undefined) {
    return refuse('COMPILED_NOT_JSON', `${column} of ${name}`, beginning(text), 'JSON with workflow_code');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return refuse('COMPILED_SHAPE', `${column} of ${name}`, kindOf(parsed), 'an object with workflow_code');
  }
  const { workflow_code: workflowCode, activities_code: activities, worker_code: worker } = parsed as Codes;
  if (typeof workflowCode !== 'string' || workflowCode.trim() === '') {
    return refuse('COMPILED_SHAPE', `${column}.workflow_code of ${name}`, shown(workflowCode), 'non-empty text');
  }
  for (const [key, value] of Object.entries({ activities_code: activities, worker_code: worker })) {
    if (value === undefined || value === null || typeof value === 'string') continue;
    return refuse('COMPILED_SHAPE', `${column}.${key} of ${name}`, shown(value), 'text or nothing');
  }
  const codes = { workflowCode, activitiesCode: textOf(activities), workerCode: textOf(worker) };
  const oversized = tooLarge(codes, maxBytes);
  if (oversized !== null) {
    return refuse('CODE_TOO_LARGE', `${name} ${oversized.key}`, `${oversized.bytes} bytes`, `at most ${maxBytes}`);
  }
  return { ok: true, codes };
}

interface Codes {
  readonly workflow_code?: unknown;
  readonly activities_code?: unknown;
  readonly worker_code?: unknown;
}

function tooLarge({ workflowCode, activitiesCode }: CompiledCodes, maxBytes: number) {
  for (const [key, code] of Object.entries({ workflow_code: workflowCode, activities_code: activitiesCode })) {
    const bytes = Buffer.byteLength(code);
    if (bytes > maxBytes) return { key, bytes };
  }
  return null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** `text starting "import {"`: the first two words. */
function beginning(text: string): string {
  const [, words] = /^\s*(\S{1,40}(?:[ \t]+\S{1,40})?)/.exec(text) ?? [];
  return words === undefined ? 'blank text' : `text starting ${quoted(words)}`;
}

const shown = (value: unknown): string => {
  if (typeof value === 'string') return 'blank text';
  return value === undefined || value === null || typeof value === 'object' ? kindOf(value) : typeof value;
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
