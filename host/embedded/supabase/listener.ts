import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';

type Fetch = (request: Request, context: { peerAddress: string | null }) => Promise<Response>;

/**
 * Serves the data API and nothing else: lite's own pages (`/_system/…`) describe the database to anyone who asks, and its
 * Auth and Storage are not used.
 */
export function listener(fetch: Fetch): RequestListener {
  return getRequestListener(
    async (request, { incoming }) => {
      if (!new URL(request.url).pathname.startsWith('/rest/v1/')) return refuse(404, 'PGRST125', 'unknown path');
      return explain(await fetch(request, { peerAddress: incoming.socket.remoteAddress ?? null }));
    },
    { overrideGlobalObjects: false },
  );
}

/**
 * lite answers 500 with the text of its SQL where PostgREST answers 4xx. Callers tell a wrong query from a database that is
 * down by the status, so those get the status and code of PostgREST; no text of lite's goes through.
 */
async function explain(response: Response): Promise<Response> {
  if (response.status !== 500) return response;
  const text = await response.text();
  if (text.includes('Unresolved variable: {{auth.jwt.') || text.includes('RLS policy violation')) {
    return refuse(403, '42501', 'new row violates row-level security policy');
  }
  if (text.includes('UNIQUE constraint failed')) return refuse(409, '23505', 'duplicate key value');
  if (text.includes('constraint failed')) return refuse(400, '23514', 'a value breaks a constraint of the table');
  if (text.includes('Failed to prepare statement')) {
    return refuse(400, '42703', 'the query names a column or conflict target that the table does not have');
  }
  if (text.includes('Cannot bind value')) return refuse(400, '22P02', 'a value of a form that cannot be compared with');
  return refuse(500, 'XX000', 'the embedded database failed');
}

function refuse(status: number, code: string, message: string): Response {
  return Response.json({ code, message, details: null, hint: null }, { status });
}
