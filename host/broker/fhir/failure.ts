/** What a failed request becomes for a script: a code and a text without addresses, credentials or stacks. */
import { CapabilityError, type RunContext } from '../capability.ts';
import { isRecord } from './argument.ts';
import { AnswerTooLarge } from './cap.ts';

const MAX_TEXT = 500;

/** The server did not answer, or not as a FHIR server does. */
export function unavailable(): CapabilityError {
  return new CapabilityError('UNAVAILABLE', 'fhir: the FHIR server does not answer', 'FHIR_UNAVAILABLE');
}

/** Maps whatever the client threw. A `CapabilityError` stays what it is. */
export function toCapabilityError(error: unknown): CapabilityError {
  if (error instanceof CapabilityError) return error;
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    if (cause instanceof AnswerTooLarge) return new CapabilityError('TOO_LARGE', `fhir: ${cause.message}`);
  }
  const { status, data } = responseOf(error);
  return status === null ? unavailable() : ofStatus(status, data);
}

/** The code of a refused transaction: a missing resource is then the bundle's fault. */
export function asTransaction(error: unknown): unknown {
  return error instanceof CapabilityError && error.code === 'NOT_FOUND'
    ? new CapabilityError('INVALID', error.message)
    : error;
}

/**
 * The failure of a call on one resource: a server that refuses a foreign id (403) and does not know a missing one (404)
 * would tell them apart, so to a script both are missing. The audit is told which it was.
 */
export function foreignAsMissing(context: Pick<RunContext, 'denied'>): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof Forbidden)) throw error;
    context.denied?.();
    throw missing();
  };
}

/** The server knows who asks, and refuses. */
class Forbidden extends CapabilityError {}

function missing(): CapabilityError {
  return new CapabilityError('NOT_FOUND', 'fhir: no such resource');
}

function ofStatus(status: number, data: unknown): CapabilityError {
  const text = `fhir: ${outcomeText(data) ?? `the FHIR server answered with status ${status}`}`;
  if (status === 404 || status === 410) return missing();
  if (status === 409 || status === 412) return new CapabilityError('CONFLICT', text);
  if (status === 400 || status === 422) return new CapabilityError('INVALID', text);
  if (status === 413) return new CapabilityError('TOO_LARGE', 'fhir: the FHIR server takes no body of this size');
  const refused = ['DENIED', 'fhir: the FHIR server refuses this call', 'CAPABILITY_REFUSED'] as const;
  if (status === 401) return new CapabilityError(...refused);
  if (status === 403) return new Forbidden(...refused);
  if (status >= 500 || status === 408 || status === 429) return unavailable();
  return new CapabilityError('FAILED', `fhir: the FHIR server answered with status ${status}`);
}

function responseOf(error: unknown): { readonly status: number | null; readonly data: unknown } {
  const response = isRecord(error) ? error.response : undefined;
  if (!isRecord(response) || typeof response.status !== 'number') return { status: null, data: undefined };
  // A page of HTML with status 200 comes as an error too.
  return { status: response.status < 400 ? 502 : response.status, data: response.data };
}

/** The issues of an OperationOutcome, each with the place it names. */
function outcomeText(data: unknown): string | null {
  if (!isRecord(data) || data.resourceType !== 'OperationOutcome' || !Array.isArray(data.issue)) return null;
  const texts = data.issue.filter(isRecord).map(({ details, diagnostics, expression }) => {
    const text = isRecord(details) && typeof details.text === 'string' ? details.text : null;
    const place = Array.isArray(expression) && typeof expression[0] === 'string' ? expression[0] : null;
    const more = typeof diagnostics === 'string' ? diagnostics : null;
    return [place, text, more].filter((part) => part !== null).join(': ');
  });
  const text = cleaned(texts.filter((each) => each !== '').join('; '));
  return text === '' ? null : text;
}

/** The text may hold what the script sent, so no pattern here may take more than a few looks at each character. */
function cleaned(text: string): string {
  const head = text.slice(0, MAX_TEXT * 4);
  const stack = head.search(/\n[^\S\n]*at /);
  const line = (stack < 0 ? head : head.slice(0, stack))
    .replace(/[a-z][a-z0-9+.-]{0,31}:\/\/[^\s"'<>)]*/gi, '(address)')
    .replace(/\bOrganization\/[^/\s]+\/fhir\b\/?/g, '')
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line;
}
