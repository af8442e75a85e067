/** What a sync says of a trigger that it could not register. */
import { CapabilityError } from '../broker/capability.ts';
import { ApiError } from '../error.ts';

/** One trigger that is not registered as it should be. Safe to show. */
export interface SyncError {
  /** Null where it is about no trigger alone. */
  readonly id: string | null;
  readonly code: string;
  readonly message: string;
}

/** The error of a trigger, in words for people; null for what only the log may tell. */
export function syncError(id: string | null, error: unknown): SyncError | null {
  if (error instanceof ApiError) return { id, code: error.code, message: error.message };
  if (!(error instanceof CapabilityError)) return null;
  if (error.code === 'UNAVAILABLE') return { id, code: 'FHIR_UNAVAILABLE', message: 'the FHIR server does not answer' };
  return { id, code: 'FHIR_FAILED', message: error.message };
}

/** Whether to try again later may help. */
export function isTransient({ code }: SyncError): boolean {
  return code === 'FHIR_UNAVAILABLE' || code === 'TEMPORAL_UNAVAILABLE';
}
