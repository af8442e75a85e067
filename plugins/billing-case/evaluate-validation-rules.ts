import { manifestPath, rules } from 'cloister:validation-rules';
import type { BillingTask, Bundle } from '../fhir/_types.ts';
import type { BillingCaseContext } from './fetch-context.ts';

/** A case, and which rules to run on it. */
export interface Input {
  context: BillingCaseContext;
  /** Relative to the project; the manifest that the activity was built with. */
  manifestPath: string;
  /** Run only the rules of this category. */
  category?: string;
  /** `params` of every rule. */
  ruleParams?: Record<string, unknown>;
}

/** What failed, and where the case goes for it. */
export interface Output {
  /** Transaction that creates a BillingTask per failed rule. Not sent. */
  taskBundle: Bundle;
  /** Routing of the worst failed rule: the highest severity, then the first in the manifest. */
  assignedDashboard?: string;
  assignedWorklist?: string;
  /** False when a rule of severity `error` failed. */
  passed: boolean;
  summary: {
    /** Rules selected. */
    total: number;
    passed: number;
    /** Failed rules of severity `error`. */
    failed: number;
    /** Failed rules of severity `warning` or `information`. */
    warnings: number;
  };
}

type Rule = (typeof rules)[number];

interface Failure {
  readonly rule: Rule;
  /** What the rule said, each text once. */
  readonly messages: readonly string[];
}

/** Shown beside an activity that has none of its own. */
export const description =
  'Runs the validation rules of a manifest on a BillingCase and says what failed. Writes nothing.';

const SEVERITIES = ['error', 'warning', 'information'] as const;

/** Throws when a rule throws, or returns anything but `{ passed, message? }`. */
export async function main(input: Input): Promise<Output> {
  if (manifestPath === null || normal(input.manifestPath) !== manifestPath) {
    const expected = manifestPath === null ? 'one that the YAML names' : `"${manifestPath}"`;
    throw new Error(`manifestPath: found ${JSON.stringify(input.manifestPath)}, expected ${expected}`);
  }
  const selected = rules.filter((rule) => input.category === undefined || rule.category === input.category);
  const failures: Failure[] = [];
  for (const rule of selected) {
    const failure = await judge(rule, input);
    if (failure) failures.push(failure);
  }
  const failed = failures.filter(({ rule }) => rule.severity === 'error').length;
  const worst = SEVERITIES.flatMap((severity) => failures.filter(({ rule }) => rule.severity === severity))[0]?.rule;
  return {
    taskBundle: {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: failures.map((failure) => ({
        request: { method: 'POST', url: 'BillingTask' },
        resource: taskOf(failure, input.context.billingCase.id),
      })),
    },
    ...(worst?.dashboard !== undefined && { assignedDashboard: worst.dashboard }),
    ...(worst?.worklist !== undefined && { assignedWorklist: worst.worklist }),
    passed: failed === 0,
    summary: {
      total: selected.length,
      passed: selected.length - failures.length,
      failed,
      warnings: failures.length - failed,
    },
  };
}

/** Null when the rule passed on every subject. */
async function judge(rule: Rule, { context, ruleParams }: Input): Promise<Failure | null> {
  let passed = true;
  const messages = new Set<string>();
  for (const at of subjectsOf(rule, context).keys()) {
    // A copy for every call: a rule that sorts or edits what it is given must not change what the next one sees.
    const copy = structuredCopy({ context, params: ruleParams });
    const result = await call(rule, { ...copy, subject: subjectsOf(rule, copy.context)[at] });
    if (result.passed) continue;
    passed = false;
    if (result.message) messages.add(result.message);
  }
  return passed ? null : { rule, messages: [...messages] };
}

/** One call per subject: each procedure, or the one resource of the level, undefined if it is missing. */
function subjectsOf({ level }: Rule, context: BillingCaseContext): readonly unknown[] {
  switch (level) {
    case 'patient':
      return [context.patient];
    case 'encounter':
      return [context.encounter];
    case 'procedure':
      return context.procedures;
    case 'claim':
      return [context.claims.at(-1)];
  }
}

async function call(rule: Rule, input: Parameters<Rule['main']>[0]): Promise<{ passed: boolean; message?: string }> {
  const result = await run(rule, input);
  if (typeof result !== 'object' || result === null || !('passed' in result) || typeof result.passed !== 'boolean') {
    throw new Error(
      `rule "${rule.id}": found ${JSON.stringify(result)}, expected { passed: boolean, message?: string }`,
    );
  }
  const message = 'message' in result && typeof result.message === 'string' ? result.message : '';
  return { passed: result.passed, message };
}

async function run(rule: Rule, input: Parameters<Rule['main']>[0]): Promise<unknown> {
  try {
    return await rule.main(input);
  } catch (error) {
    throw new Error(`rule "${rule.id}": ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

function taskOf({ rule, messages }: Failure, caseId: string): BillingTask {
  return {
    resourceType: 'BillingTask',
    status: 'pending',
    billingCase: { reference: `BillingCase/${caseId}` },
    category: rule.category,
    severity: rule.severity,
    code: rule.id,
    description: messages.length > 0 ? `${rule.message}: ${messages.join('; ')}` : rule.message,
    ...(rule.dashboard !== undefined && { dashboard: rule.dashboard }),
    ...(rule.worklist !== undefined && { worklist: rule.worklist }),
  };
}

function structuredCopy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

/** A path without `.`, `..` and empty steps, as the host writes it. One that leaves the project keeps a `..`. */
function normal(path: unknown): string {
  const steps: string[] = [];
  for (const step of `${path}`.split('/')) {
    if (step === '' || step === '.') continue;
    if (step === '..' && steps.length > 0 && steps.at(-1) !== '..') steps.pop();
    else steps.push(step);
  }
  return steps.join('/');
}
