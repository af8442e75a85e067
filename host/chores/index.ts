/** What a host does beside runs, each thing at its times, and never two of the same at once. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import cron, { type ScheduledTask } from 'node-cron';
import type { Logger } from 'pino';
import type { ChoreOutcome, ChoreState, ChoreStore } from '../../registry/index.ts';
import { ApiError } from '../error.ts';
import { choreMemory } from './memory.ts';

/** One thing to do. */
export interface Chore {
  readonly id: string;
  /** One sentence, for people. */
  readonly description: string;
  /** Cron expression, 5 or 6 fields, UTC; null: only when somebody asks for it. */
  readonly schedule: string | null;
  /**
   * `shared`: it is about what all hosts over one database have in common, and one of them does it. `host`: it is about this
   * host's own disk or memory, and each does it.
   */
  readonly scope: 'shared' | 'host';
  /** Does it, and says what it did; null: nothing worth a word. What it rejects with is told, in full in the log only. */
  run(signal: AbortSignal): Promise<string | null>;
}

/** A chore with what is known of it. */
export interface ChoreView extends Pick<Chore, 'id' | 'description' | 'schedule' | 'scope'> {
  /** Here or on another host. */
  readonly running: boolean;
  readonly lastRun: (ChoreOutcome & { readonly durationMs: number }) | null;
  /** ISO 8601; null: it has no times. */
  readonly nextRun: string | null;
}

/** What `Chores` is made of. */
export interface ChoreOptions {
  readonly chores: readonly Chore[];
  /** Null: there is no database, so this host is the only one. */
  readonly store: ChoreStore | null;
  readonly log: Logger;
}

const LEASE_MS = 60_000;
const RENEW_MS = 15_000;
/** How long the end of a host waits for a chore; its claim lapses by itself. */
const CLOSE_MS = 5_000;
/** Somebody else may write in between. */
const ATTEMPTS = 5;
const LONGEST_TEXT = 500;

/** The chores of one host. */
export class Chores {
  readonly #chores: ReadonlyMap<string, Chore>;
  readonly #shared: ChoreStore;
  readonly #own = choreMemory();
  readonly #log: Logger;
  readonly #tasks = new Map<string, ScheduledTask>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  constructor({ chores, store, log }: ChoreOptions) {
    this.#chores = new Map(chores.map((chore) => [chore.id, chore]));
    this.#shared = store ?? choreMemory();
    this.#log = log;
  }

  /** From now on each chore runs at its times. */
  start(): void {
    for (const { id, schedule } of this.#chores.values()) {
      if (schedule === null) continue;
      const options = {
        name: id,
        timezone: 'Etc/UTC',
        unref: true,
        logger: this.#logger(id),
        suppressMissedWarning: true,
      };
      this.#tasks.set(
        id,
        cron.schedule(schedule, ({ date }) => this.#atTime(id, date), options),
      );
    }
  }

  /** Ends the times, asks what runs to end, and waits for it, but not for ever. */
  async close(): Promise<void> {
    for (const task of this.#tasks.values()) await task.destroy();
    this.#closing.abort();
    await Promise.race([Promise.allSettled(this.#running), sleep(CLOSE_MS, undefined, { ref: false })]);
  }

  /** All chores by id. Rejects with `STORE_UNAVAILABLE`. */
  async list(): Promise<ChoreView[]> {
    const [shared, own] = await Promise.all([this.#shared.listChores(), this.#own.listChores()]);
    const views = [...this.#chores.values()].map((chore) => {
      const state = (chore.scope === 'shared' ? shared : own).find(({ id }) => id === chore.id);
      return this.#view(chore, state);
    });
    return views.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Does a chore now, and waits for its end. Rejects with `CHORE_NOT_FOUND`, and `CHORE_BUSY` when it runs already. */
  async run(id: string, by: string): Promise<ChoreView> {
    const chore = this.#chores.get(id);
    if (!chore)
      throw new ApiError('CHORE_NOT_FOUND', 'no such chore', { expected: [...this.#chores.keys()].join(', ') });
    const ended = await this.#run(chore, { by, slot: null });
    if (ended === null) throw new ApiError('CHORE_BUSY', 'the chore runs already');
    return this.#view(chore, ended);
  }

  async #atTime(id: string, date: Date): Promise<void> {
    const chore = this.#chores.get(id);
    if (!chore) return;
    // Hosts whose clocks differ by less than a second mean the same time.
    const slot = new Date(Math.floor(date.getTime() / 1000) * 1000).toISOString();
    await this.#run(chore, { by: 'schedule', slot }).catch((error: unknown) => {
      this.#log.error({ chore: id, err: error }, 'a chore could not be taken');
    });
  }

  /** Null: somebody else has it, or has done this time of the schedule. */
  async #run(chore: Chore, of: { readonly by: string; readonly slot: string | null }): Promise<ChoreState | null> {
    const work = this.#claimed(chore, of);
    this.#running.add(work);
    return work.finally(() => this.#running.delete(work));
  }

  async #claimed(chore: Chore, { by, slot }: { readonly by: string; readonly slot: string | null }) {
    const claim = randomUUID();
    const isFree = (state: ChoreState): boolean =>
      !isClaimed(state) && (slot === null || state.slot === null || state.slot < slot);
    const taken = await this.#change(chore, isFree, ({ slot: before }) => ({
      claim,
      claimedUntil: soon(),
      slot: slot ?? before,
    }));
    if (taken === null) return null;
    const isOurs = (state: ChoreState): boolean => state.claim === claim;
    const renewal = setInterval(() => {
      this.#change(chore, isOurs, () => ({ claimedUntil: soon() })).catch((error: unknown) => {
        this.#log.warn({ chore: chore.id, err: error }, 'the claim on a chore could not be renewed');
      });
    }, RENEW_MS);
    renewal.unref();
    const last = await this.#perform(chore, by).finally(() => clearInterval(renewal));
    // Where the claim has lapsed meanwhile, the outcome of the host that took it stands.
    return this.#change(chore, isOurs, () => ({ claim: null, claimedUntil: null, last }));
  }

  async #perform(chore: Chore, by: string): Promise<ChoreOutcome> {
    const startedAt = new Date().toISOString();
    const told = await chore.run(this.#closing.signal).then(
      (result) => ({ outcome: 'succeeded' as const, result: cut(result), error: null }),
      (error: unknown) => {
        this.#log.error({ chore: chore.id, err: error }, 'a chore failed');
        const words = error instanceof ApiError ? error.message : 'it failed; the log has the cause';
        return { outcome: 'failed' as const, result: null, error: cut(words) };
      },
    );
    const endedAt = new Date().toISOString();
    this.#log.info({ chore: chore.id, outcome: told.outcome, by, result: told.result }, 'a chore has ended');
    return { startedAt, endedAt, ...told, startedBy: by, host: hostname() };
  }

  /** Changes a state as it is now. Null when it is not as it has to be. */
  async #change(
    { id, scope }: Chore,
    fits: (state: ChoreState) => boolean,
    change: (state: ChoreState) => Partial<ChoreState>,
  ): Promise<ChoreState | null> {
    const store = scope === 'shared' ? this.#shared : this.#own;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const found = (await store.listChores()).find((each) => each.id === id);
      const state = found ?? { id, version: 0, claim: null, claimedUntil: null, slot: null, last: null };
      if (!fits(state)) return null;
      const next = { ...state, ...change(state) };
      if (await store.putChore(next)) return next;
    }
    return null;
  }

  #view({ id, description, schedule, scope }: Chore, state: ChoreState | undefined): ChoreView {
    const last = state?.last ?? null;
    const durationMs = last === null ? 0 : Date.parse(last.endedAt) - Date.parse(last.startedAt);
    return {
      id,
      description,
      schedule,
      scope,
      running: state !== undefined && isClaimed(state),
      lastRun: last && { ...last, durationMs },
      nextRun: this.#tasks.get(id)?.getNextRun()?.toISOString() ?? null,
    };
  }

  /** What the library says goes where the host's own words go. */
  #logger(chore: string) {
    const about = { chore };
    return {
      info: (message: string) => this.#log.debug(about, message),
      warn: (message: string) => this.#log.warn(about, message),
      error: (message: string | Error) => this.#log.error(about, String(message)),
      debug: (message: string | Error) => this.#log.debug(about, String(message)),
    };
  }
}

const soon = (): string => new Date(Date.now() + LEASE_MS).toISOString();

function isClaimed({ claim, claimedUntil }: ChoreState): boolean {
  return claim !== null && claimedUntil !== null && Date.parse(claimedUntil) > Date.now();
}

function cut(text: string | null): string | null {
  return text !== null && text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}
