/** Triggers of the project's main branch: what is defined, what is registered, and when the one is brought to the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { hasErrors, type Problem, readTriggers, type Trigger } from '../../registry/index.ts';
import { reachable } from '../address.ts';
import type { FhirHost } from '../broker/fhir.ts';
import type { PlanShelf } from '../plans.ts';
import { type Schedules, scheduleDigest } from '../schedules/index.ts';
import { isTransient, type SyncError } from './failure.ts';
import { limitsOf } from './r4.ts';
import { Registrar } from './registrar.ts';
import { serverKind } from './server.ts';
import { styleOf } from './style.ts';
import { type SyncResult, syncTriggers } from './sync.ts';

/** What triggers are registered with. */
export interface TriggerSettings {
  /** Bearer token that the FHIR server presents; null: none. */
  readonly token: string | null;
  /** Value of a secret that a trigger names. */
  readonly secretOf: (alias: string) => string | undefined;
  /** Which subscriptions the FHIR server takes; `auto`: as its CapabilityStatement says. */
  readonly subscriptions: 'auto' | 'aidbox' | 'r4';
  /** Register when the host starts, and again until it worked. */
  readonly atStart: boolean;
}

/** What `Triggers` is made of. */
export interface TriggerParts {
  readonly settings: TriggerSettings;
  readonly shelf: PlanShelf;
  readonly fhir: FhirHost;
  readonly schedules: Schedules;
  readonly log: Logger;
}

/** A trigger with the state of its registration. */
export interface TriggerState {
  readonly trigger: Trigger;
  /** Registered as defined; null: whoever has the registration does not answer. */
  readonly synced: boolean | null;
  /** Those of the definition, what the FHIR server cannot be told, and why the last sync of this host did not register it. */
  readonly problems: readonly Problem[];
}

/** How long the end of a host waits for a server that does not answer. */
const CLOSE_MS = 5_000;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

/** The triggers of one host. */
export class Triggers {
  readonly #parts: TriggerParts;
  readonly #closing = new AbortController();
  #baseUrl: string | null = null;
  #running: Promise<SyncResult> | null = null;
  #next: Promise<SyncResult> | null = null;
  #starting: Promise<void> = Promise.resolve();
  /** Why the registration at start has not worked yet. */
  #pending: string | null = null;
  /** What the last sync of this host could not register. */
  #refused: readonly SyncError[] = [];

  constructor(parts: TriggerParts) {
    this.#parts = parts;
  }

  /** To be called when the API listens, at `url` for those who send events. Registers, where the settings say so. */
  begin(url: string): void {
    this.#baseUrl = reachable(url);
    if (!this.#parts.settings.atStart) return;
    this.#pending = 'not registered yet';
    this.#starting = this.#syncUntilItWorks();
  }

  /** Rejects while the registration at start has not worked. */
  async check(): Promise<void> {
    if (this.#pending !== null) throw new Error(this.#pending);
  }

  /** Ends the attempts of the start. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.race([this.#starting, sleep(CLOSE_MS, undefined, { ref: false })]);
  }

  /** The triggers of a branch, broken ones included, each with the state of its registration. */
  async list(branch: string | null): Promise<TriggerState[]> {
    const project = await this.#parts.shelf.project(branch);
    const triggers = await readTriggers(project);
    const [schedules, subscriptions] = await Promise.all([
      this.#parts.schedules.registered().catch(() => null),
      this.#registered().catch(() => null),
    ]);
    const states = triggers.map((trigger): TriggerState => {
      const limits = subscriptions?.server?.style.inPlace && trigger.type === 'subscription' ? limitsOf(trigger) : [];
      const problems = [...trigger.problems, ...limits];
      if (hasErrors(trigger.problems)) return { trigger, synced: false, problems };
      if (trigger.type === 'schedule') {
        const digest = scheduleDigest({ ...trigger, branch: project.branch });
        return { trigger, synced: schedules && schedules.get(trigger.id) === digest, problems };
      }
      // Whoever sends to a webhook of its own was told where by people.
      if (trigger.type !== 'subscription') return { trigger, synced: true, problems };
      if (subscriptions === null) return { trigger, synced: null, problems };
      const { server, found } = subscriptions;
      if (server === null) return { trigger, synced: false, problems };
      const wanted = server.style.wanted(trigger, this.#receiver());
      return { trigger, synced: server.registrar.isCurrent(wanted, found.get(trigger.id) ?? []), problems };
    });
    return states.map((state) => (state.synced === false ? this.#withRefusal(state) : state));
  }

  /** The words of Temporal or the FHIR server, which a definition can only be judged by. */
  #withRefusal(state: TriggerState): TriggerState {
    const { id, problems } = state.trigger;
    const refused = hasErrors(problems) ? undefined : this.#refused.find((error) => error.id === id);
    if (refused === undefined) return state;
    const problem: Problem = {
      file: `triggers/${id}/definition.yaml`,
      line: 1,
      column: 1,
      severity: 'error',
      code: refused.code,
      where: `trigger "${id}"`,
      found: refused.message,
      expected: 'a definition that can be registered',
    };
    return { ...state, problems: [...state.problems, problem] };
  }

  /**
   * Registers all triggers of main. There is one sync at a time: who calls while one runs gets the next, with all others that
   * wait. Rejects only when the project cannot be read, and has changed nothing then.
   */
  sync(): Promise<SyncResult> {
    if (this.#running === null) {
      this.#running = this.#sync().finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => null)
      .then(() => {
        this.#next = null;
        return this.sync();
      });
    return this.#next;
  }

  async #sync(): Promise<SyncResult> {
    const { shelf, schedules, log } = this.#parts;
    const project = await shelf.project(null);
    const triggers = await readTriggers(project);
    const server = () => this.#server();
    const { branch } = project;
    const result = await syncTriggers({ triggers, branch, receiver: this.#receiver(), server, schedules, log });
    this.#refused = result.errors;
    if (!result.errors.some(isTransient)) this.#pending = null;
    return result;
  }

  /** A server that is down comes back; a definition that is wrong is mended by another commit, and another sync. */
  async #syncUntilItWorks(): Promise<void> {
    const { signal } = this.#closing;
    for (let waitMs = FIRST_RETRY_MS; !signal.aborted; waitMs = Math.min(waitMs * 2, LAST_RETRY_MS)) {
      try {
        const { errors } = await this.sync();
        for (const { id, code, message } of errors) {
          this.#parts.log.warn({ trigger: id, code }, `a trigger is not registered: ${message}`);
        }
        if (!errors.some(isTransient)) return;
      } catch (error) {
        this.#parts.log.warn({ err: error }, 'the triggers could not be registered');
      }
      await sleep(waitMs, undefined, { signal, ref: false }).catch(() => null);
    }
  }

  async #server() {
    const { fhir, settings } = this.#parts;
    const style = styleOf(serverKind(await fhir.statement(), settings.subscriptions));
    return style && { style, registrar: new Registrar(fhir, style) };
  }

  async #registered() {
    const server = await this.#server();
    return { server, found: server ? await server.registrar.found() : new Map<string, never[]>() };
  }

  #receiver() {
    if (this.#baseUrl === null) throw new Error('triggers are registered when the API listens');
    const { token, secretOf } = this.#parts.settings;
    return { baseUrl: this.#baseUrl, token, secretOf };
  }
}
