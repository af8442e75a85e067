/** `GET /workflows/{id}/runs/{runId}/events`. */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { runOf } from './asked.ts';

/** Follows a run. */
export const eventsEndpoint = endpoint({
  method: 'GET',
  path: '/workflows/{id}/runs/{runId}/events',
  operation: 'follow-run',
  tag: 'runs',
  summary:
    'The run as it goes, as server-sent events: `run` with the whole run whenever it changed, `end` when it is over.',
  access: { role: 'viewer', scope: 'runs:read', tenants: 'own' },
  answers: {
    200: { description: 'Server-sent events.', contentType: 'text/event-stream', schema: z.string() },
    204: { description: 'The run is over, and `Last-Event-ID` names its last event: do not connect again.' },
  },
  headers: { 'Last-Event-ID': 'Id of the last event that was seen; browsers send it by themselves.' },
  // A stream that says nothing for long is no idle socket: its heartbeats are further apart than hapi waits by default.
  options: { timeout: { server: false, socket: false } },
  handler: async (call, parts) => {
    const { request, caller, h } = call;
    const view = await parts.runs.get(await runOf(call, parts));
    const header: unknown = request.headers['last-event-id'];
    const lastEventId = typeof header === 'string' ? header : null;
    const who = JSON.stringify([caller?.kind, caller?.name, caller?.tenant]);
    const events = parts.runs.followers.open({ who, view, lastEventId });
    if (events === null) return h.response().code(204);
    request.raw.res.once('close', () => events.destroy());
    return (
      h
        .response(events)
        .type('text/event-stream')
        // A compressor would hold events back.
        .header('content-encoding', 'identity')
        .header('x-accel-buffering', 'no')
    );
  },
});
