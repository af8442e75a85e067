/** The module `@temporalio/activity` as activities of projects import it. */
import type { ActivityCore } from './attempt.ts';
import type { Outlets } from './core.ts';
import { millisecondsOf } from './duration.ts';
import * as failures from './failure.ts';

type Meta = Record<string, unknown>;

const nothing = (): void => undefined;
const instrument = Object.freeze({ add: nothing, record: nothing, set: nothing, withTags: () => instrument });

/** Takes figures and keeps none: a script has no way to a host's figures. */
const metricMeter: Record<string, () => unknown> = Object.freeze({
  createCounter: () => instrument,
  createHistogram: () => instrument,
  createGauge: () => instrument,
  withTags: () => metricMeter,
});

/** Makes the module for the one attempt that the realm is for. */
export function createActivity(core: ActivityCore, outlets: Outlets): Record<string, unknown> {
  const log = createLog(outlets);
  const context = new Context(core, log);
  return {
    ...failures,
    Context: Object.assign(Context, { current: () => context }),
    log,
    metricMeter,
    activityInfo: () => context.info,
    inActivityContext: () => true,
    sleep: context.sleep,
    heartbeat: context.heartbeat,
    cancelled: () => context.cancelled,
    cancellationDetails: () => context.cancellationDetails,
    cancellationSignal: () => context.cancellationSignal,
    getClient: () => context.client,
    // Of options that only Temporal's own worker heeds.
    setActivityOptions: nothing,
  };
}

function createLog({ log }: Outlets) {
  const write = (level: string, message: string, meta?: Meta): void => log(level, message, meta);
  return Object.freeze({
    log: (level: string, message: string, meta?: Meta) =>
      write(level === 'TRACE' ? 'debug' : level.toLowerCase(), message, meta),
    trace: (message: string, meta?: Meta) => write('debug', message, meta),
    debug: (message: string, meta?: Meta) => write('debug', message, meta),
    info: (message: string, meta?: Meta) => write('info', message, meta),
    warn: (message: string, meta?: Meta) => write('warn', message, meta),
    error: (message: string, meta?: Meta) => write('error', message, meta),
  });
}

class Context {
  readonly info: ActivityCore['info'];
  readonly log: ReturnType<typeof createLog>;
  readonly metricMeter = metricMeter;
  readonly #core: ActivityCore;
  readonly #controller = new AbortController();
  #cancelled: Promise<never> | null = null;
  #details: Readonly<Record<string, boolean>> | undefined;

  constructor(core: ActivityCore, log: ReturnType<typeof createLog>) {
    this.#core = core;
    this.info = core.info;
    this.log = log;
  }

  /** Rejects with a `CancelledFailure` when the activity is cancelled; never resolves. */
  get cancelled(): Promise<never> {
    this.#cancelled ??= this.#listen();
    return this.#cancelled;
  }

  /** Aborts when the activity is cancelled. */
  get cancellationSignal(): AbortSignal {
    void this.cancelled;
    return this.#controller.signal;
  }

  get cancellationDetails(): Readonly<Record<string, boolean>> | undefined {
    void this.cancelled;
    return this.#details;
  }

  get client(): never {
    throw new Error('an activity of a project has no client of Temporal: its workflow starts and signals others');
  }

  readonly heartbeat = (details?: unknown): void => this.#core.heartbeat(details);

  /** Resolves after the time; rejects when the activity is cancelled before. */
  readonly sleep = (duration: number | string): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, millisecondsOf(duration));
    return Promise.race([this.cancelled.finally(() => clearTimeout(timer)), promise]);
  };

  #listen(): Promise<never> {
    const { promise, reject } = Promise.withResolvers<never>();
    // What nobody waits for must not end the script.
    promise.catch(nothing);
    this.#core.onCancel((text) => {
      const { reason, details } = JSON.parse(text) as { reason: string; details: Record<string, boolean> };
      const failure = new failures.CancelledFailure(reason);
      this.#details = Object.freeze(details);
      this.#controller.abort(failure);
      reject(failure);
    });
    return promise;
  }
}
