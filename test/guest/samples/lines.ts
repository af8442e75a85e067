/** What workflows log, by workflow id: the logger of Temporal's runtime in these tests. */
import type { Logger, LogLevel, LogMetadata } from '@temporalio/worker';
import type { Line } from './case.ts';

/** What the SDK adds to every line by itself, and by what the interpreter tells those of guests. */
const OWN = new Set('namespace taskQueue workflowId runId workflowType sdkComponent guest'.split(' '));

/** Keeps the lines of workflows above debug, and nothing else. */
export class Lines implements Logger {
  readonly #lines = new Map<string, Line[]>();

  of(workflowId: string): readonly Line[] {
    return this.#lines.get(workflowId) ?? [];
  }

  log(level: LogLevel, message: string, meta: LogMetadata = {}): void {
    const { workflowId, sdkComponent } = meta as { workflowId?: string; sdkComponent?: string };
    if (!workflowId || sdkComponent !== 'workflow') return;
    const attributes = Object.fromEntries(Object.entries(meta).filter(([key]) => !OWN.has(key)));
    const kept = this.#lines.get(workflowId) ?? [];
    this.#lines.set(workflowId, [...kept, { level, message, attributes: readable(attributes) }]);
  }

  trace(): void {}
  debug(): void {}
  info(message: string, meta?: LogMetadata): void {
    this.log('INFO', message, meta);
  }
  warn(message: string, meta?: LogMetadata): void {
    this.log('WARN', message, meta);
  }
  error(message: string, meta?: LogMetadata): void {
    this.log('ERROR', message, meta);
  }
}

/** Errors cross to the host in two ways; what a person reads of them is the same. */
function readable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(readable);
  const { message, stack, cause } = value as Partial<Error>;
  if (typeof stack === 'string') return { message, ...(cause === undefined ? {} : { cause: readable(cause) }) };
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, readable(one)]));
}
