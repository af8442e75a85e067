/** The error that an API answers with: safe to show to any client. */
import type { Problem, RegistryError } from '../registry/index.ts';
import { type AnsweredCode, API_ERRORS, type ApiCode, statusOf } from './codes.ts';

/** Where the mistake is, what was found there and what was expected. */
export interface ApiErrorDetails {
  readonly where?: string;
  readonly found?: string;
  readonly expected?: string;
  readonly problems?: readonly (Pick<Problem, 'where' | 'found' | 'expected'> & { readonly code: string })[];
}

/** A refusal of the API with a stable code. `message` and `details` go to the client as they are. */
export class ApiError extends Error {
  readonly code: AnsweredCode;
  readonly details: ApiErrorDetails;

  constructor(code: AnsweredCode, message: string, details: ApiErrorDetails = {}) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.details = details;
  }

  /** HTTP status of the code. */
  get status(): number {
    return statusOf(this.code);
  }
}

/** What the registry says of these names folders of the host, or repeats another program's words. */
const OF_THE_HOST: readonly string[] = ['GIT_FAILED', 'NOT_A_REPOSITORY', 'NPM_INSTALL_FAILED'];

/** The API's code of what the registry refused with, where its message is a client's to read; null where it is not. */
export function toldAs({ code }: RegistryError): ApiCode | null {
  return Object.hasOwn(API_ERRORS, code) && !OF_THE_HOST.includes(code) ? (code as ApiCode) : null;
}
