/** Turns everything that goes wrong in a request into one form; nothing of the host's own text reaches a client. */
import { Boom } from '@hapi/boom';
import type { Server } from '@hapi/hapi';
import type { Logger } from 'pino';
import { RegistryError } from '../../registry/index.ts';
import { API_ERRORS, type ApiCode } from '../codes.ts';
import { ApiError } from '../error.ts';

const BY_STATUS: Readonly<Record<number, ApiCode>> = {
  400: 'BODY_INVALID',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'BODY_INVALID',
  413: 'BODY_TOO_LARGE',
  415: 'BODY_INVALID',
  503: 'TEMPORAL_UNAVAILABLE',
};

/** Answers every error as `{ error, code, where?, found?, expected?, problems?, requestId }`. */
export function answerErrors(server: Server, log: Logger): void {
  server.ext('onPreResponse', (request, h) => {
    const { response } = request;
    if (!(response instanceof Error)) return h.continue;
    const error = toApiError(response);
    const requestId = request.info.id;
    if (error.status >= 500) log.error({ requestId, err: response }, 'a request failed');
    return h.response({ error: error.message, code: error.code, ...error.details, requestId }).code(error.status);
  });
}

function toApiError(error: Error): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof RegistryError && Object.hasOwn(API_ERRORS, error.code)) {
    return new ApiError(error.code as ApiCode, error.message);
  }
  const status = error instanceof Boom ? error.output.statusCode : 500;
  const code = BY_STATUS[status] ?? 'INTERNAL';
  const text = code === 'INTERNAL' ? 'an internal error occurred' : error.message;
  return new ApiError(code, text);
}
