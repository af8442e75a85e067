/** The broker: takes a script's capability calls to the capability, under the run's own context. */
import { type CallCode, type Capability, CapabilityError, type Method, type RunContext } from './capability.ts';

/** One denied call, for the audit. Never holds anything that the script chose. */
export interface Denial {
  readonly tenant: string | null;
  readonly runId: string;
  readonly workflow: string;
  readonly activity: string;
  readonly digest: string;
  /** A method that there is; `unknown`, or `http.unknown`, for what is none. */
  readonly method: string;
  readonly code: string;
}

/** What the broker reports to its host. */
export interface BrokerEvents {
  denied(denial: Denial): void;
  /** A capability failed in a way it should not: the text stays in the host. */
  failed(method: string, error: unknown, context: RunContext): void;
}

const NAMES = ['fhir', 'db', 'http', 'log'] as const;

/** Refusals of what the script may not do, as against what went wrong. */
const AUDITED: ReadonlySet<CallCode> = new Set(['DENIED', 'UNKNOWN_METHOD', 'TOO_MANY_CALLS']);

/** The same before the broker: a malformed argument comes from no honest script there, a large or deep one may. */
const AUDITED_BEFORE: ReadonlySet<CallCode> = new Set(['UNKNOWN_METHOD', 'BAD_ARGUMENT']);

/** What the audit needs to know of a run. */
export type Audited = Pick<RunContext, 'tenant' | 'runId' | 'workflow' | 'activity' | 'digest'>;

/** Routes calls by method name. After `close` no call may start. */
export class Broker {
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #capabilities: readonly Capability[];
  readonly #events: BrokerEvents;

  constructor(capabilities: readonly Capability[], events: BrokerEvents) {
    this.#capabilities = capabilities;
    this.#events = events;
    this.#methods = new Map(capabilities.flatMap(({ methods }) => [...methods]));
  }

  /**
   * Answers one call of a run. Rejects with `CapabilityError` only; whatever else happens inside becomes `FAILED`, its text
   * kept in the host's log.
   */
  async call(method: string, args: unknown, context: RunContext): Promise<unknown> {
    try {
      this.#admit(method, context);
      const denied = (): void => this.#audit(method, 'DENIED', context);
      const answer = await this.#method(method)(args, { ...context, denied });
      if (isRefusal(method, answer)) this.#audit(method, 'DENIED', context);
      return answer;
    } catch (error) {
      const known = error instanceof CapabilityError;
      if (!known) this.#events.failed(method, error, context);
      const shown = known ? error : new CapabilityError('FAILED', `${method} failed`);
      if (AUDITED.has(shown.code)) this.#audit(method, shown.activityCode ?? shown.code, context);
      throw shown;
    }
  }

  /** Takes note of a call that the sandbox refused without asking the broker. */
  refused(method: string, code: CallCode, context: Audited): void {
    if (AUDITED_BEFORE.has(code)) this.#audit(method, code, context);
  }

  /** A method that there is; `unknown`, or `http.unknown`, for what is none: such a name is the script's own text. */
  known(method: string): string {
    if (this.#methods.has(method)) return method;
    const name = NAMES.find((each) => method.startsWith(`${each}.`));
    return name ? `${name}.unknown` : 'unknown';
  }

  /** Closes every capability. */
  async close(): Promise<void> {
    await Promise.all(this.#capabilities.map((capability) => capability.close()));
  }

  #admit(method: string, { grants, deadline, signal }: RunContext): void {
    const name = NAMES.find((each) => method.startsWith(`${each}.`));
    if (name && !grants.capabilities.has(name)) {
      const text = `capability "${name}" is not declared and granted, expected it under capabilities and granted to the tenant`;
      throw new CapabilityError('DENIED', text, 'CAPABILITY_REFUSED');
    }
    if (signal.aborted || Date.now() > deadline) throw new CapabilityError('FAILED', 'the run is over');
  }

  #method(name: string): Method {
    const method = this.#methods.get(name);
    if (!method) throw new CapabilityError('UNKNOWN_METHOD', 'no such capability method');
    return method;
  }

  #audit(method: string, code: string, context: Audited): void {
    const { tenant, runId, workflow, activity, digest } = context;
    this.#events.denied({ tenant, runId, workflow, activity, digest, method: this.known(method), code });
  }
}

/** What a table's own policies refuse is no error of the capability, but an answer: the query builder makes its `error` of it. */
function isRefusal(method: string, answer: unknown): boolean {
  if (method !== 'db.request' || typeof answer !== 'object' || answer === null) return false;
  return 'status' in answer && answer.status === 403;
}
