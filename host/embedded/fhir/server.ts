/** The HTTP side: hapi in front of the library's router. */
import { type Boom, isBoom } from '@hapi/boom';
import {
  server as createServer,
  type Request,
  type ResponseObject,
  type ResponseToolkit,
  type Server,
} from '@hapi/hapi';
import { allOk, forbidden, getStatus, normalizeOperationOutcome, notFound } from '@medplum/core';
import type { FhirResponse, FhirRouter, HttpMethod } from '@medplum/fhir-router';
import type { Resource } from '@medplum/fhirtypes';
import { runBundle } from './bundle.ts';
import { broken, plainOutcome } from './outcome.ts';
import { Queue } from './queue.ts';
import { Repository } from './repository.ts';
import { checkDepth, isId } from './resource.ts';
import { createRouter } from './router.ts';
import { Sender } from './sender.ts';
import { capabilityStatement } from './statement.ts';
import type { Store } from './store.ts';

const LOCAL_NAMES = new Set(['127.0.0.1', 'localhost']);
const MAX_BODY_BYTES = 16 * 2 ** 20;

/** What a path names: whose partition, and the FHIR path below it. */
interface Target {
  readonly tenant: string | null;
  /** Of the partition, such as `/Organization/a/fhir`. */
  readonly base: string;
  /** `Patient/1`; empty for the base itself. */
  readonly path: string;
}

/** A hapi server on 127.0.0.1 over this store, not started yet. `/fhir` and `/Organization/{id}/fhir` are its bases. */
export function fhirServer(store: Store, port: number): Server {
  const server = createServer({ host: '127.0.0.1', port, router: { stripTrailingSlash: false } });
  // As in the API's server: hapi's own answer to what is no HTTP may end the process.
  server.listener.removeAllListeners('clientError');
  const router = createRouter();
  const queue = new Queue();
  const sender = new Sender({ store, queue, base: () => `${server.info.uri}/fhir` });
  server.ext('onPostStart', () => sender.wake());
  server.ext('onPreStop', () => sender.close());
  server.route({ method: 'GET', path: '/health', handler: () => ({ status: 'ok' }) });
  server.route({
    method: '*',
    path: '/{path*}',
    options: { payload: { maxBytes: MAX_BODY_BYTES, parse: true, output: 'data' } },
    handler: async (request, toolkit) => {
      const target = parsePath(request.url.pathname);
      if (target === null) return reply(toolkit, [notFound]);
      const answer = await queue.run(() => handle(request, target, { store, router }));
      if (request.method !== 'get') sender.wake();
      return reply(toolkit, answer);
    },
  });
  // A page in the user's browser may make a name of its own point here; it cannot make the browser say another name.
  server.ext('onRequest', ({ info }, toolkit) => {
    if (LOCAL_NAMES.has(info.hostname)) return toolkit.continue;
    return reply(toolkit, [forbidden]).takeover();
  });
  server.ext('onPreResponse', ({ response }, toolkit) =>
    isBoom(response) ? failed(response, toolkit) : toolkit.continue,
  );
  return server;
}

function parsePath(pathname: string): Target | null {
  const [, tenant, rest] = /^(?:\/Organization\/([^/]+))?\/fhir(?:\/(.*))?$/.exec(pathname) ?? [];
  if (tenant !== undefined && !isId(tenant)) return null;
  if (rest === undefined && !pathname.endsWith('/fhir')) return null;
  const base = tenant === undefined ? '/fhir' : `/Organization/${tenant}/fhir`;
  return { tenant: tenant ?? null, base, path: rest ?? '' };
}

async function handle(
  request: Request,
  { tenant, base, path }: Target,
  { store, router }: { readonly store: Store; readonly router: FhirRouter },
): Promise<FhirResponse> {
  const repository = new Repository(store, { tenant, base: `${request.server.info.uri}${base}` });
  try {
    checkDepth(request.payload);
    const method = request.method.toUpperCase() as HttpMethod;
    if (method === 'GET' && path === 'metadata') return [allOk, capabilityStatement(new Date())];
    if (method === 'POST' && path === '') return [allOk, await runBundle(request.payload, repository, router)];
    const url = `${path}${request.url.search}`;
    const { payload: body, raw } = request;
    const { headers } = raw.req;
    return await router.handleRequest({ method, url, pathname: '', body, params: {}, query: {}, headers }, repository);
  } catch (error) {
    return [normalizeOperationOutcome(error)];
  }
}

function reply(toolkit: ResponseToolkit, [outcome, resource]: FhirResponse): ResponseObject {
  const status = getStatus(outcome);
  const body: Resource = resource ?? outcome;
  const response = toolkit.response(body).code(status).type('application/fhir+json');
  if (body.meta?.versionId) response.header('etag', `W/"${body.meta.versionId}"`);
  if (status === 201) response.location(`${body.resourceType}/${body.id}`);
  return response;
}

function failed(response: Boom, toolkit: ResponseToolkit): ResponseObject {
  const status = response.output.statusCode;
  if (status >= 500) console.error('fhir server:', response);
  const outcome = status >= 500 ? broken : plainOutcome(response.message, status === 413 ? 'too-long' : 'invalid');
  return toolkit.response(outcome).code(status).type('application/fhir+json');
}
