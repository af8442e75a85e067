/** The module `cloister` as scripts import it. Bundled into the script, so what it does not use is left out. */
import type { Core } from './core.ts';

declare const $cloister: Core;

const core = $cloister;

type Json = Record<string, unknown>;

/** FHIR under the run's tenant: one typed operation a call. */
export const fhir = /* @__PURE__ */ Object.freeze({
  read: (type: string, id: string) => core.call('fhir.read', { type, id }),
  search: (type: string, params: Json = {}) => core.call('fhir.search', { type, params }),
  create: (resource: Json) => core.call('fhir.create', { resource }),
  update: (resource: Json) => core.call('fhir.update', { resource }),
  patch: (type: string, id: string, ops: unknown) => core.call('fhir.patch', { type, id, ops }),
  delete: async (type: string, id: string) => {
    await core.call('fhir.delete', { type, id });
  },
  transaction: (bundle: Json) => core.call('fhir.transaction', { bundle }),
});

/** HTTP to the hosts that the tenant is granted. */
export const http = /* @__PURE__ */ Object.freeze({
  fetch: (url: string, init: Json = {}) => {
    const { method, headers, body, timeoutMs, secret } = init;
    return core.call('http.fetch', { url: `${url}`, method, headers, body, timeoutMs, secret });
  },
});

/** Lines of the run's log. */
export const log = /* @__PURE__ */ Object.freeze({
  debug: (message: string, data?: unknown) => core.log('debug', message, data),
  info: (message: string, data?: unknown) => core.log('info', message, data),
  warn: (message: string, data?: unknown) => core.log('warn', message, data),
  error: (message: string, data?: unknown) => core.log('error', message, data),
});

/** Variables granted to the tenant; any other name is undefined. */
export const env = core.env;

/** The run this script belongs to. */
export const run = core.run;

/**
 * Evaluates data that is code, in a second isolate without capabilities. `source` is an expression or the body of a function,
 * `scope` its variables. Rejects with code `INVALID`; at most 250 ms unless `timeoutMs` says less or up to 1,000.
 */
export const evaluate = (source: string, scope: Json = {}, options: { timeoutMs?: number } = {}): Promise<unknown> =>
  core.call('evaluate', { source, scope, timeoutMs: options.timeoutMs, now: Date.now() });

export { db } from './db.ts';
