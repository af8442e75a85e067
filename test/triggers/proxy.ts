/** A FHIR server with habits of its own in front of the embedded one: it refuses what others refuse, and tells what it was asked. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** One request, such as `PUT AidboxTopicDestination/x`. */
export interface Asked {
  readonly method: string;
  /** Below the base. */
  readonly path: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read bodies as a client in JavaScript would
  readonly body: any;
}

/** What a habit may do. */
export interface Habit {
  /** Status of a refusal; null lets the request through. */
  readonly refuse?: (asked: Asked, send: Send) => Promise<number | null>;
  /** Changes what the server behind is asked. */
  readonly ask?: (path: string) => string;
  /** Changes what is stored. */
  readonly store?: (body: Record<string, unknown>) => Record<string, unknown>;
  /** Changes what is answered. */
  readonly answer?: (asked: Asked, body: Record<string, unknown>) => Record<string, unknown>;
}

/** Asks the server behind. */
export type Send = (
  method: string,
  path: string,
  body?: unknown,
) => Promise<{ status: number; body: Record<string, unknown> }>;

/** The proxy. Writes alone are told in `asked`. */
export interface Proxy extends AsyncDisposable {
  readonly url: string;
  readonly asked: string[];
}

/** Starts one in front of `behind`, a server in Aidbox's style. */
export async function startProxy(behind: string, { refuse, ask, store, answer }: Habit): Promise<Proxy> {
  const asked: string[] = [];
  const send: Send = async (method, path, body) => {
    const response = await fetch(`${behind}/fhir/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/fhir+json' } }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const server: Server = createServer(async (request, response) => {
    const method = String(request.method);
    const path = String(request.url).replace(/^\/fhir\//, '');
    const body = method === 'PUT' || method === 'POST' ? await json(request) : undefined;
    const one = { method, path, body };
    const status = (await refuse?.(one, send)) ?? null;
    if (method !== 'GET') asked.push(`${method} ${path}${status === null ? '' : ` ${status}`}`);
    const given =
      status === null
        ? await send(method, ask?.(path) ?? path, body && store ? store(body as Record<string, unknown>) : body)
        : null;
    response.writeHead(given?.status ?? status ?? 500, { 'content-type': 'application/fhir+json' });
    response.end(
      JSON.stringify(given ? (answer?.(one, given.body) ?? given.body) : { resourceType: 'OperationOutcome' }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
