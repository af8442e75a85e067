/** `GET /ready`: whether to send work here. Open to everyone; tells no addresses. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { probe } from './probe.ts';

/** What no request can do without; the rest of `GET /health` mends itself. */
const VITAL = new Set(['temporal', 'database', 'fhir', 'worker']);

const READINESS = z.strictObject({
  ready: z.boolean(),
  reasons: z.array(z.string()).optional().meta({ description: 'Why it is not ready.' }),
  status: z.enum(['ready', 'down', 'stopping']),
  checks: z.record(z.string(), z.strictObject({ status: z.enum(['up', 'down']), latencyMs: z.number() })),
});

/** The readiness endpoint: 503 when a part is down, or when the host is being stopped. A host that starts does not listen yet. */
export const readyEndpoints = [
  endpoint({
    method: 'GET',
    path: '/ready',
    operation: 'get-ready',
    tag: 'operations',
    summary: 'Whether the host takes work: Temporal, the database and FHIR answer, and it is not being stopped.',
    access: 'open',
    answers: {
      200: { description: 'Everything answers; each part with its latency in milliseconds.', schema: READINESS },
      503: { description: 'A part is down, or the host is being stopped.', schema: READINESS },
    },
    handler: async ({ h }, { checks, operations }) => {
      const parts = [...(await probe(checks))].filter(([name]) => VITAL.has(name));
      const isDown = parts.some(([, { status }]) => status === 'down');
      const status = operations?.stopping.aborted ? 'stopping' : isDown ? 'down' : 'ready';
      const isReady = status === 'ready';
      const reasons = [
        ...(status === 'stopping' ? ['the host is being stopped'] : []),
        ...parts.flatMap(([name, part]) => (part.status === 'down' ? [`${name} does not answer`] : [])),
      ];
      const body = {
        ready: isReady,
        ...(!isReady && { reasons }),
        status,
        checks: Object.fromEntries(parts),
      } satisfies z.input<typeof READINESS>;
      return h.response(body).code(isReady ? 200 : 503);
    },
  }),
];
