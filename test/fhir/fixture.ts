/** A real FHIR server on a file of its own, and what tests send to it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Grants, RunContext } from '../../host/broker/capability.ts';
import { type FhirServer, startFhirServer } from '../../host/embedded/fhir/index.ts';

/** A resource as JSON; tests look into it freely. */
export type Json = Record<string, unknown>;

/** An answer of the server. `body` is its JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

/** A started server with its file, and one request to it. */
export interface Fixture extends AsyncDisposable {
  readonly dir: string;
  readonly dbFile: string;
  readonly server: FhirServer;
  send(method: string, target: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Ends the server and starts another on the same file. */
  restart(): Promise<void>;
}

/** Base path of a tenant. */
export const of = (tenant: string) => `/Organization/${tenant}/fhir`;

export async function openFixture(): Promise<Fixture> {
  const dir = await mkdtemp(path.join(tmpdir(), 'cloister-fhir-'));
  const dbFile = path.join(dir, 'data', 'fhir.db');
  let server = await startFhirServer({ dbFile });
  return {
    dir,
    dbFile,
    get server() {
      return server;
    },
    send: (method, target, body, headers) => send(`${server.url}${target}`, method, body, headers),
    restart: async () => {
      await server.close();
      server = await startFhirServer({ dbFile });
    },
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function send(
  url: string,
  method: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const type = method === 'PATCH' ? 'application/json-patch+json' : 'application/fhir+json';
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const init =
    body === undefined ? { method, headers } : { method, headers: { 'content-type': type, ...headers }, body: text };
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) as Json };
}

/** Ids of a bundle's entries, in order; `search.mode` picks some of them. */
export function idsIn({ entry }: Json, mode?: 'match' | 'include'): unknown[] {
  const entries = (entry ?? []) as { resource?: Json; search?: { mode?: string } }[];
  return entries.filter(({ search }) => !mode || search?.mode === mode).map(({ resource }) => resource?.id);
}

const GRANTS: Grants = {
  capabilities: new Set(['fhir']),
  http: { allow: [], privateRanges: [], secrets: new Map() },
  db: { tables: [], functions: [] },
  env: {},
};

/** A run of a tenant in an attempt; each attempt counts its write keys from 0. */
export function runOf(tenant: string | null, given: Partial<RunContext> = {}): RunContext {
  let writes = 0;
  return {
    tenant,
    runId: 'run-1',
    workflow: 'prebill',
    activity: 'charge',
    attempt: 1,
    digest: 'd',
    grants: GRANTS,
    deadline: Date.now() + 30_000,
    signal: new AbortController().signal,
    nextWriteKey: () => `run-1:charge:${writes++}`,
    ...given,
  };
}
