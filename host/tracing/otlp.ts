/** Traces to a collector, by OTLP over HTTP. Loaded only where one is named; registers nothing with OpenTelemetry's globals. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, type Span as OtelSpan, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import manifest from '../../package.json' with { type: 'json' };
import type { Attributes, Span, SpanOptions, TraceSettings, Tracing } from './tracing.ts';

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;
const CLOSE_MS = 5_000;
const SEND_EVERY_MS = 1_000;

/** Spans of a batch processor over an OTLP exporter. */
export class OtlpTracing implements Tracing {
  readonly isOn = true;
  readonly #active = new AsyncLocalStorage<string>();
  readonly #ids = new Ids();
  readonly #provider: TracerProvider;
  readonly #ratio: TraceIdRatioBasedSampler;

  constructor({ endpoint, headers, service, ratio }: TraceSettings) {
    this.#ratio = new TraceIdRatioBasedSampler(ratio);
    const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, headers: { ...headers } });
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': service, 'service.version': manifest.version }),
      sampler: new ParentBasedSampler({ root: this.#ratio }),
      idGenerator: this.#ids,
      spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: SEND_EVERY_MS })],
    });
  }

  begin(name: string, options: SpanOptions = {}): Span {
    const { kind = 'internal', parent = this.#active.getStore() ?? null, attributes, startMs } = options;
    this.#ids.next = options;
    const span = this.#provider
      .getTracer('cloister')
      .startSpan(
        name,
        { kind: KINDS[kind], ...(attributes && { attributes }), ...(startMs !== undefined && { startTime: startMs }) },
        contextOf(parent),
      );
    this.#ids.next = {};
    return new OtlpSpan(span);
  }

  enter({ traceparent }: Span): void {
    if (traceparent !== null) this.#active.enterWith(traceparent);
  }

  within<T>({ traceparent }: Span, perform: () => T): T {
    return traceparent === null ? perform() : this.#active.run(traceparent, perform);
  }

  root(traceId: string, spanId: string): string {
    const { decision } = this.#ratio.shouldSample(ROOT_CONTEXT, traceId);
    return `00-${traceId}-${spanId}-${decision === SamplingDecision.RECORD_AND_SAMPLED ? '01' : '00'}`;
  }

  async close(): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_MS).unref());
    // A collector that does not answer costs the spans, not the end of the host.
    await Promise.race([this.#provider.shutdown().catch(() => undefined), late]);
  }
}

class OtlpSpan implements Span {
  readonly #span: OtelSpan;

  constructor(span: OtelSpan) {
    this.#span = span;
  }

  get traceparent(): string {
    const { traceId, spanId, traceFlags } = this.#span.spanContext();
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  }

  rename(name: string): void {
    this.#span.updateName(name);
  }

  set(attributes: Attributes): void {
    this.#span.setAttributes(attributes);
  }

  fail(code: string): void {
    this.#span.setAttribute('error.type', code);
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: code });
  }

  end(): void {
    this.#span.end();
  }
}

/** Random ids, but for the span that is told its own. */
class Ids extends RandomIdGenerator {
  next: Pick<SpanOptions, 'id' | 'traceId'> = {};

  override generateTraceId(): string {
    return this.next.traceId ?? super.generateTraceId();
  }

  override generateSpanId(): string {
    return this.next.id ?? super.generateSpanId();
  }
}

function contextOf(traceparent: string | null): Context {
  const parent = traceparent === null ? null : parseTraceParent(traceparent);
  return parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true });
}
