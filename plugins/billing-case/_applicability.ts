import { evaluate } from 'cloister';
import type { Applicability } from '../fhir/_types.ts';

const JAVASCRIPT: readonly string[] = ['text/javascript', 'application/javascript', 'javascript'];

/**
 * Whether all conditions hold. They are foreign code and see nothing but `scope`. Throws, naming `where`, for a condition
 * that throws or is in another language: what cannot be judged is not billed by guess.
 */
export async function applies(
  where: string,
  conditions: readonly Applicability[] | undefined,
  scope: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  for (const [at, { expression, language = 'text/javascript' }] of (conditions ?? []).entries()) {
    if (expression === undefined) continue;
    const place = `${where} applicability[${at}]`;
    if (!JAVASCRIPT.includes(language)) throw new Error(`${place}: found ${language}, expected text/javascript`);
    if (!(await judge(place, expression, scope))) return false;
  }
  return true;
}

async function judge(place: string, expression: string, scope: Readonly<Record<string, unknown>>): Promise<unknown> {
  try {
    return await evaluate(expression, scope);
  } catch (error) {
    throw new Error(
      `${place}: found ${error instanceof Error ? error.message : error}, expected a JavaScript expression`,
    );
  }
}
