/** Turns everything that goes wrong in a request into one form; nothing of the host's own text reaches a client. */
import { Boom } from '@hapi/boom';
import type { Server } from '@hapi/hapi';
import type { Logger } from 'pino';
import { RegistryError, StoreError } from '../../registry/index.ts';
import type { ApiCode } from '../codes.ts';
import { ApiError, type ApiErrorDetails, toldAs } from '../error.ts';

const BY_STATUS: Readonly<Record<number, ApiCode>> = {
  400: 'BODY_INVALID',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'BODY_INVALID',
  413: 'BODY_TOO_LARGE',
  415: 'MEDIA_TYPE_UNSUPPORTED',
  503: 'TIMED_OUT',
};

/** What hapi says of a body that it cannot parse, and no more. */
const NO_JSON = 'Invalid request payload JSON format';

/** Answers every error as `{ error, code, where?, found?, expected?, problems?, requestId }`. */
export function answerErrors(server: Server, log: Logger): void {
  server.ext('onPreResponse', (request, h) => {
    const { response } = request;
    if (!(response instanceof Error)) return h.continue;
    const error = toApiError(response);
    const { requestId } = request.app;
    request.app.code = error.code;
    if (error.status >= 500 && error.code !== 'STOPPING')
      log.error({ requestId, code: error.code, err: response }, 'a request failed');
    const body = { error: error.message, code: error.code, ...error.details, requestId };
    const answer = h.response(body).code(error.status);
    if (error.status === 401) answer.header('www-authenticate', 'Bearer');
    if (error.status === 503) answer.header('retry-after', '5');
    if (error.status === 405) answer.header('allow', error.details.expected ?? '');
    return answer;
  });
}

function toApiError(error: Error): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof RegistryError) return ofRegistry(error);
  if (error instanceof StoreError && error.code === 'STORE_UNAVAILABLE') {
    return new ApiError('STORE_UNAVAILABLE', "the host's store does not answer");
  }
  const status = error instanceof Boom ? error.output.statusCode : 500;
  const code = BY_STATUS[status] ?? 'INTERNAL';
  if (code === 'INTERNAL') return new ApiError(code, 'an internal error occurred');
  if (error.message === NO_JSON) {
    return new ApiError(code, 'the body is not valid', {
      where: 'body',
      found: 'text that is no JSON, or a key that reaches for a prototype',
      expected: 'JSON in UTF-8',
    });
  }
  if (status !== 415) return new ApiError(code, error.message);
  return new ApiError(code, 'the body is not JSON', { where: 'header content-type', expected: 'application/json' });
}

/** The form of what the registry says: its parts are told beside the sentence. */
const SAID = /^([^:]+): found (.+), expected (.+)$/s;

/** What a client can mend is told as it is. The rest of the registry's messages hold paths of the host. */
function ofRegistry(error: RegistryError): ApiError {
  const told = toldAs(error);
  if (told !== null) return new ApiError(told, error.message, saidIn(error.message));
  const { code: found } = error;
  // Who has project workers alone, and takes these paths for theirs, hears where theirs are.
  const expected =
    found === 'PROJECT_EMPTY' ? 'workflows/*.yaml in its folder; those of projects are below /projects' : undefined;
  return new ApiError('PROJECT_UNUSABLE', 'the config project cannot be read', {
    where: 'project',
    found,
    ...(expected && { expected }),
  });
}

function saidIn(message: string): ApiErrorDetails {
  const [, where, found, expected] = SAID.exec(message) ?? [];
  return where && found && expected ? { where, found, expected } : {};
}
