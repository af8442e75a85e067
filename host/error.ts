/** The error that an API answers with: safe to show to any client. */
import type { Problem } from '../registry/index.ts';
import { API_ERRORS, type ApiCode } from './codes.ts';

/** Where the mistake is, what was found there and what was expected. */
export interface ApiErrorDetails {
  readonly where?: string;
  readonly found?: string;
  readonly expected?: string;
  readonly problems?: readonly Problem[];
}

/** A refusal of the API with a stable code. `message` and `details` go to the client as they are. */
export class ApiError extends Error {
  readonly code: ApiCode;
  readonly details: ApiErrorDetails;

  constructor(code: ApiCode, message: string, details: ApiErrorDetails = {}) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.details = details;
  }

  /** HTTP status of the code. */
  get status(): number {
    return API_ERRORS[this.code].status;
  }
}
