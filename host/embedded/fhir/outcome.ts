/** What the server answers when it refuses. Text of a failure inside stays in the process's own log. */
import { badRequest, OperationOutcomeError } from '@medplum/core';
import type { OperationOutcome } from '@medplum/fhirtypes';

/** The server failed; status 500. */
export const broken: OperationOutcome = {
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'fatal', code: 'exception', details: { text: 'The server failed' } }],
};

/** More than one resource answers to this id, in different partitions; status 412. */
export const ambiguous: OperationOutcome = {
  resourceType: 'OperationOutcome',
  id: 'multiple-matches',
  issue: [{ severity: 'error', code: 'multiple-matches', details: { text: 'The id exists in more than one tenant' } }],
};

/** A refusal with status 400. */
export function refuse(text: string, expression?: string): OperationOutcomeError {
  return new OperationOutcomeError(badRequest(text, expression));
}

/** A refusal with an outcome of the library's, which carries its status. */
export function answer(outcome: OperationOutcome): OperationOutcomeError {
  return new OperationOutcomeError(outcome);
}

/** An outcome for an HTTP status that the library has none for. */
export function plainOutcome(text: string, code: 'exception' | 'invalid' | 'not-found' | 'too-long'): OperationOutcome {
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, details: { text } }] };
}
