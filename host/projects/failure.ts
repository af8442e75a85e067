/** What went wrong with a worker: a code, words that are safe to show, and the cause, which is for the log and the database only. */
import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { TransportError } from '@temporalio/worker';
import { type ProjectProblem, projectSentence, QueueError, StoreError } from '../../registry/index.ts';
import { isProjectErrorCode, PROJECT_ERRORS, type ProjectErrorCode } from '../codes.ts';
import { ApiError } from '../error.ts';

/** Part of a worker's life. */
export type Phase = 'starting' | 'running' | 'stopping';

/** The refusal that a problem of a project's code makes of a call. Codes of the code's own making are told in its sentence. */
export function refusalOf(problem: ProjectProblem): ApiError {
  const { code, where, found, expected } = problem;
  return new ApiError(isProjectErrorCode(code) ? code : 'WORKER_FAILED', projectSentence(problem), {
    where,
    found,
    expected,
  });
}

/** A refusal in the words of the table. */
export function refused(code: ProjectErrorCode, details: ApiError['details'] = {}): ApiError {
  const { where, found, expected } = details;
  const sentence = where && found && expected ? `${where}: found ${found}, expected ${expected}` : null;
  return new ApiError(code, sentence ?? PROJECT_ERRORS[code].when, details);
}

/** What a call is answered with when a worker failed so: safe to show. */
export function answerOf(error: unknown, phase: Phase): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof QueueError) {
    const { code, message, where, found, expected } = error;
    return new ApiError(code, message, { where, found, expected });
  }
  return refused(codeOf(error, phase));
}

function codeOf(error: unknown, phase: Phase): ProjectErrorCode {
  if (error instanceof StoreError && error.code === 'STORE_UNAVAILABLE') return 'DATABASE_UNREACHABLE';
  if (!isOfTemporal(error)) return 'WORKER_FAILED';
  return phase === 'running' ? 'TEMPORAL_CONNECTION_LOST' : 'TEMPORAL_UNREACHABLE';
}

function isOfTemporal(error: unknown): boolean {
  if (error instanceof TransportError || error instanceof ServiceError || isGrpcServiceError(error)) return true;
  return error instanceof Error && error.cause !== undefined && isOfTemporal(error.cause);
}
