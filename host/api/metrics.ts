/** `GET /metrics`: the host's figures in Prometheus' text form. They are the host's own, so callers of a tenant do not see them. */
import { endpoint, need } from './endpoint.ts';

/** The endpoint of the figures. */
export const metricsEndpoints = [
  endpoint({
    method: 'GET',
    path: '/metrics',
    operation: 'get-metrics',
    tag: 'operations',
    summary: "The host's figures, for Prometheus.",
    access: { role: 'viewer', scope: 'operations:read', tenants: 'none' },
    answers: { 200: { description: 'Prometheus text format 0.0.4.', contentType: 'text/plain' } },
    handler: async ({ h }, { operations }) => {
      const { contentType, body } = await need(operations, 'metrics').meter.text();
      return h.response(body).type(contentType);
    },
  }),
];
