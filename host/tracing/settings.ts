/** Where traces go, as the standard variables of OpenTelemetry say. */
import type { Environment } from '../env.ts';
import type { TraceSettings } from './tracing.ts';

/** Null: no collector is named, and nothing is traced. */
export function traceSettings({
  otlpEndpoint,
  otlpHeaders,
  traceService,
  traceRatio,
}: Environment): TraceSettings | null {
  if (otlpEndpoint === null) return null;
  return { endpoint: otlpEndpoint, headers: otlpHeaders, service: traceService, ratio: traceRatio };
}
