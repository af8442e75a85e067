import { PostgrestClient } from '@supabase/postgrest-js';
import type { Core } from './core.ts';
import { GuestHeaders } from './headers.ts';

declare const $cloister: Core;

/** Address that the query builder needs and nobody ever asks. */
const BASE = 'http://db';

/** Request headers with meaning for a query; whatever else the builder sets stays here. */
const HEADERS = [
  'prefer',
  'accept',
  'range',
  'range-unit',
  'content-type',
  'accept-profile',
  'content-profile',
] as const;

interface Answer {
  readonly status: number;
  readonly statusText?: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** The query builder of supabase-js. It runs here; one typed request crosses, and the host adds address and token. */
export const db = /* @__PURE__ */ createDb();

function createDb(): { from: unknown; rpc: unknown } {
  const client = new PostgrestClient(BASE, { fetch: request as unknown as typeof fetch, retry: false });
  return Object.freeze({
    from: (table: string) => client.from(table),
    rpc: (fn: string, args?: object, options?: object) => client.rpc(fn, args as never, options as never),
  });
}

async function request(target: string | URL, init: RequestInit = {}): Promise<object> {
  const url = new URL(`${target}`);
  const headers = new GuestHeaders(init.headers as ConstructorParameters<typeof GuestHeaders>[0]);
  const call = $cloister.call('db.request', {
    target: targetOf(url.pathname),
    method: init.method ?? 'GET',
    query: [...url.searchParams],
    headers: Object.fromEntries(HEADERS.filter((name) => headers.has(name)).map((name) => [name, headers.get(name)])),
    body: init.body ?? undefined,
  }) as Promise<Answer>;
  const answer = await call.catch(refusal);
  const ok = answer.status >= 200 && answer.status < 300;
  return { ...answer, ok, headers: new GuestHeaders(answer.headers), text: async () => answer.body };
}

/** A refused call as the builder's `error`, with the code of the call in it. */
function refusal(error: Error & { code?: string }): Answer {
  const body = JSON.stringify({ code: error.code ?? 'FAILED', message: error.message, details: null, hint: null });
  return { status: 400, statusText: 'Refused', headers: { 'content-type': 'application/json' }, body };
}

function targetOf(path: string): { table: string } | { fn: string } {
  const name = decodeURIComponent(path.slice(1));
  return name.startsWith('rpc/') ? { fn: name.slice(4) } : { table: name };
}
