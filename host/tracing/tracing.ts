/** Traces as the host's parts see them. Where no collector is named they are `UNTRACED`, and nothing of OpenTelemetry is loaded. */

/** What a span says beside its name: words and figures of the host's own, never data of a script. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** How to begin a span. */
export interface SpanOptions {
  /** Default `internal`. */
  readonly kind?: 'server' | 'client' | 'internal';
  /** W3C `traceparent` of what it is part of. Absent: what is active. Null, or no such text: it begins a trace. */
  readonly parent?: string | null;
  readonly attributes?: Attributes;
  /** Epoch milliseconds; absent: now. */
  readonly startMs?: number;
  /** 16 hex digits; absent: random ones. */
  readonly id?: string;
  /** Id of the trace that it begins, 32 hex digits; absent: random ones. */
  readonly traceId?: string;
}

/** A span that was begun. After `end` it takes nothing more. */
export interface Span {
  /** W3C `traceparent` for what is part of it; null where nothing is traced. */
  readonly traceparent: string | null;
  rename(name: string): void;
  set(attributes: Attributes): void;
  /** It failed, with a stable code; texts of errors may hold data of a script. */
  fail(code: string): void;
  end(): void;
}

/** Begins spans. */
export interface Tracing {
  readonly isOn: boolean;
  begin(name: string, options?: SpanOptions): Span;
  /** Makes a span the active one for the rest of this turn, and for all that begins in it. */
  enter(span: Span): void;
  /** Makes a span the active one within `perform`. */
  within<T>(span: Span, perform: () => T): T;
  /** `traceparent` of a trace that has this id (32 hex digits), sampled as the settings say. */
  root(traceId: string, spanId: string): string | null;
  /** Sends what has not been sent, within 5 s. */
  close(): Promise<void>;
}

const NO_SPAN: Span = {
  traceparent: null,
  rename: () => undefined,
  set: () => undefined,
  fail: () => undefined,
  end: () => undefined,
};

/** Nothing is traced. */
export const UNTRACED: Tracing = {
  isOn: false,
  begin: () => NO_SPAN,
  enter: () => undefined,
  within: (_span, perform) => perform(),
  root: () => null,
  close: async () => undefined,
};

/** Where traces go. */
export interface TraceSettings {
  /** Base address of a collector that takes OTLP over HTTP; `/v1/traces` is added. */
  readonly endpoint: string;
  /** Further headers of each request, such as an authorization. */
  readonly headers: Readonly<Record<string, string>>;
  readonly service: string;
  /** Part of the traces that is kept where the caller has not decided, 0 to 1. */
  readonly ratio: number;
}

/** Opens the traces; `UNTRACED` without settings. */
export async function openTracing(settings: TraceSettings | null): Promise<Tracing> {
  if (settings === null) return UNTRACED;
  const { OtlpTracing } = await import('./otlp.ts');
  return new OtlpTracing(settings);
}
