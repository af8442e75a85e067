import type { Output as Evaluated } from '@aidbox-billing/built-in-activities/billing-case/evaluate-validation-rules';
import { log } from 'cloister';

type Input = Pick<Evaluated, 'passed' | 'summary' | 'taskBundle'>;

interface Output {
  blocked: boolean;
  summary: Evaluated['summary'] & { errors: string[] };
}

export const description =
  'Records the errors that keep the claim from being sent. Does not fail the run: people work on the tasks.';

export async function main({ passed, summary, taskBundle }: Input): Promise<Output> {
  const errors = (taskBundle.entry ?? [])
    .flatMap((entry) => entry.resource ?? [])
    .filter((task) => task.severity === 'error')
    .map((task) => `${task.description}`);
  for (const error of errors) log.warn(error);
  return { blocked: !passed, summary: { ...summary, errors } };
}
