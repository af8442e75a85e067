/** The module `@temporalio/activity` as activities of projects import it. Bundled into them, as `cloister` is. */
import type { ActivityCore } from './attempt.ts';
import type { Core } from './core.ts';
import { millisecondsOf } from './duration.ts';
import { CancelledFailure } from './failure.ts';

declare const $cloister: Core;

const core = $cloister;

type Meta = Record<string, unknown>;

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

type Level = (typeof LEVELS)[number];

const write = (level: string, message: string, meta?: Meta): void =>
  core.log(level.toLowerCase() === 'trace' ? 'debug' : level.toLowerCase(), message, meta);

/** Lines of the activity's log. */
export const log = /* @__PURE__ */ Object.freeze({
  log: (level: string, message: string, meta?: Meta) => write(level, message, meta),
  ...(Object.fromEntries(
    LEVELS.map((level) => [level, (message: string, meta?: Meta) => write(level, message, meta)]),
  ) as Record<Level, (message: string, meta?: Meta) => void>),
});

const nothing = (): void => undefined;
const instrument = Object.freeze({ add: nothing, record: nothing, set: nothing, withTags: () => instrument });

/** Takes figures and keeps none: a script has no way to a host's figures. */
export const metricMeter: Record<string, () => unknown> = Object.freeze({
  createCounter: () => instrument,
  createHistogram: () => instrument,
  createGauge: () => instrument,
  withTags: () => metricMeter,
});

function activity(): ActivityCore {
  if (core.activity === null) throw new Error('Activity context not initialized');
  return core.activity;
}

/** The one attempt that a realm is made for. */
export class Context {
  static #current: Context | null = null;
  readonly info: Readonly<Record<string, unknown>>;
  readonly log = log;
  readonly metricMeter = metricMeter;
  readonly #core: ActivityCore;
  readonly #controller = new AbortController();
  #cancelled: Promise<never> | null = null;
  #details: Readonly<Record<string, boolean>> | undefined;

  /** Not for scripts: `Context.current()` is. */
  constructor(part: ActivityCore) {
    this.#core = part;
    this.info = part.info;
  }

  static current(): Context {
    Context.#current ??= new Context(activity());
    return Context.#current;
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
      const failure = new CancelledFailure(reason);
      this.#details = Object.freeze(details);
      this.#controller.abort(failure);
      reject(failure);
    });
    return promise;
  }
}

/** What Temporal says of this attempt. */
export const activityInfo = (): Context['info'] => Context.current().info;

/** Whether the code runs as an activity. */
export const inActivityContext = (): boolean => core.activity !== null;

export const sleep = (duration: number | string): Promise<void> => Context.current().sleep(duration);

export const heartbeat = (details?: unknown): void => Context.current().heartbeat(details);

export const cancelled = (): Promise<never> => Context.current().cancelled;

export const cancellationDetails = (): Context['cancellationDetails'] => Context.current().cancellationDetails;

export const cancellationSignal = (): AbortSignal => Context.current().cancellationSignal;

export const getClient = (): never => Context.current().client;

/** Takes options that only Temporal's own worker heeds. */
export const setActivityOptions = nothing;

export * from './failure.ts';
