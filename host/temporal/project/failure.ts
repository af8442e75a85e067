/** Failures of a project's activities as Temporal is told of them. None has a stack of the host's. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ThrownError } from '../../../sandbox/index.ts';
import { FAILURES, type FailureCode, type ProjectErrorCode } from '../../codes.ts';
import type { ScriptOutcome } from '../../runner.ts';

type Failed = Extract<ScriptOutcome, { ok: false }>;

/** A failure with a code of the host's. */
export function refusal(
  code: FailureCode | ProjectErrorCode | 'HOST_LOST',
  message: string,
  retryable = false,
): ApplicationFailure {
  // Half a character would break the worker that passes it on.
  const failure = ApplicationFailure.create({ message: message.toWellFormed(), type: code, nonRetryable: !retryable });
  return withStack(failure, code, undefined);
}

/** The failure of a script that was ended, or that the host refused something; `name` is the activity's. */
export function endFailure(name: string, outcome: Failed, heapMb: number): ApplicationFailure {
  const { code, stack } = outcome;
  if (code === 'MAIN_MISSING') return refusal('ACTIVITY_NOT_FOUND', `activity ${name}: ${outcome.message}`);
  const failure = refusal(code, sentence(name, outcome, heapMb), FAILURES[code].retryable);
  return withStack(failure, code, stack);
}

/** What a script threw, as Temporal's own worker would tell it. */
export function thrownFailure(name: string, thrown: ThrownError): ApplicationFailure | CancelledFailure {
  if (thrown.name === 'CompleteAsyncError') {
    const found = 'found CompleteAsyncError, expected a result: nobody outside of its cell can complete an activity';
    return refusal('ACTIVITY_ERROR', `activity ${name}: ${found}`);
  }
  return toFailure(thrown);
}

function toFailure(thrown: ThrownError): ApplicationFailure | CancelledFailure {
  const { message, details, stack } = thrown;
  const cause = thrown.cause && toFailure(thrown.cause);
  if (thrown.name === 'CancelledFailure') {
    return withStack(new CancelledFailure(message, [...(details ?? [])], cause), thrown.name, stack);
  }
  const type = thrown.type === undefined ? thrown.name || undefined : (thrown.type ?? undefined);
  const { nonRetryable, nextRetryDelayMs: nextRetryDelay, isBenign } = thrown;
  const failure = ApplicationFailure.create({
    message,
    nonRetryable,
    ...(type !== undefined && { type }),
    ...(details && { details: [...details] }),
    ...(cause && { cause }),
    ...(nextRetryDelay !== undefined && { nextRetryDelay }),
    ...(isBenign && { category: 'BENIGN' }),
  });
  return withStack(failure, thrown.name || 'Error', stack);
}

/** *where: found X, expected Y*. */
function sentence(name: string, { code, message }: Failed, heapMb: number): string {
  switch (code) {
    case 'SCRIPT_MEMORY':
      return message.includes(`${heapMb} MiB`)
        ? `activity ${name}: found heap above ${heapMb} MB, expected less`
        : `activity ${name}: ${message}`;
    case 'RESULT_NOT_JSON':
      return `${name} result: found ${message.replace(/^the result is not JSON: /, '').replace(/ is not JSON$/, '')}, expected JSON`;
    case 'RESULT_TOO_LARGE':
    case 'TOO_DEEP':
      return `${name} result: found ${message.replace(/^the result is /, '')}, expected less`;
    case 'SCRIPT_WALL':
    case 'SCRIPT_CPU':
    case 'SCRIPT_KILLED':
      return `activity ${name}: ${message}`;
    default:
      return message;
  }
}

function withStack<T extends Error>(failure: T, name: string, stack: string | undefined): T {
  const head = `${name}: ${failure.message}`;
  failure.stack = stack === undefined ? head : `${head}\n${stack.replace(/^/gm, '    ')}`;
  return failure;
}
