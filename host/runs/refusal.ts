/** What clients are told who ask for runs that they cannot have. */
import { ApiError } from '../error.ts';

/** Also for a run of another tenant: a foreign one is a missing one. */
export function notFound(): ApiError {
  return new ApiError('RUN_NOT_FOUND', 'no such run');
}

/** A part of the query that makes no sense. */
export function badQuery(name: string, expected: string, found?: string): ApiError {
  const details = { where: `query ${name}`, ...(found !== undefined && { found }), expected };
  return new ApiError('BODY_INVALID', 'the query is not valid', details);
}
