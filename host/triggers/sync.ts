/** One pass over all triggers: registers each, and takes away what was registered for triggers that are gone. */
import type { Logger } from 'pino';
import { formatProblem, type Trigger } from '../../registry/index.ts';
import { type Schedules, scheduleIdOf } from '../schedules/index.ts';
import { type SyncError, syncError } from './failure.ts';
import type { Action, Registrar } from './registrar.ts';
import type { Style } from './style.ts';
import { destinationId, type Receiver, topicId } from './topic.ts';

/** What a sync did. Lists are sorted by id. */
export interface SyncResult {
  readonly subscriptions: readonly SyncedSubscription[];
  readonly schedules: readonly SyncedSchedule[];
  /** Names of registrations whose trigger is gone. */
  readonly removed: readonly string[];
  readonly errors: readonly SyncError[];
}

/** Registered: at Aidbox a topic and a destination, elsewhere one `Subscription` for each type it watches. */
export type SyncedSubscription = { readonly id: string; readonly action: Action } & (
  | { readonly topic: string; readonly destination: string }
  | { readonly resources: readonly string[] }
);

/** A schedule is made anew each time. */
export interface SyncedSchedule {
  readonly id: string;
  readonly scheduleId: string;
  readonly action: 'created' | 'replaced';
}

/** What a pass works with. */
export interface PassOptions {
  readonly triggers: readonly Trigger[];
  /** Main, as its runs are labelled. */
  readonly branch: string | null;
  readonly receiver: Receiver;
  /** Resolves to null where the FHIR server takes no subscriptions. */
  readonly server: () => Promise<{ readonly style: Style; readonly registrar: Registrar } | null>;
  readonly schedules: Schedules;
  readonly log: Logger;
}

/** Does one pass. What cannot be registered is told under `errors` and stops nothing else; it never rejects. */
export async function syncTriggers(options: PassOptions): Promise<SyncResult> {
  const pass = new Pass(options);
  await Promise.all([pass.subscribe(), pass.schedule()]);
  return pass.result();
}

class Pass {
  readonly #options: PassOptions;
  readonly #usable: readonly Trigger[];
  readonly #subscriptions: SyncedSubscription[] = [];
  readonly #schedules: SyncedSchedule[] = [];
  readonly #removed: string[] = [];
  readonly #errors: SyncError[] = [];

  constructor(options: PassOptions) {
    this.#options = options;
    this.#usable = options.triggers.filter((trigger) => !isBroken(trigger));
    for (const { id, problems } of options.triggers.filter(isBroken)) {
      const [first] = problems.filter(({ severity }) => severity === 'error');
      const message = first ? formatProblem(first) : 'the definition has errors';
      this.#errors.push({ id, code: 'TRIGGER_INVALID', message });
    }
  }

  result(): SyncResult {
    return {
      subscriptions: this.#subscriptions.sort(byId),
      schedules: this.#schedules.sort(byId),
      removed: this.#removed.sort(),
      errors: this.#errors.sort(byId),
    };
  }

  async subscribe(): Promise<void> {
    const wanted = this.#usable.filter(({ type }) => type === 'subscription');
    try {
      const server = await this.#options.server();
      if (server === null) {
        for (const { id } of wanted) this.#errors.push({ id, ...UNSUPPORTED });
        return;
      }
      const found = await server.registrar.found();
      for (const [id, resources] of found) {
        if (!this.#isGone('subscription', id)) continue;
        await this.#attempt(id, async () => void this.#removed.push(...(await server.registrar.remove(resources))));
      }
      for (const trigger of wanted) {
        await this.#attempt(trigger.id, () => this.#subscribeOne(trigger, server, found.get(trigger.id) ?? []));
      }
    } catch (error) {
      this.#failed(wanted, error);
    }
  }

  async schedule(): Promise<void> {
    const { schedules, branch } = this.#options;
    const wanted = this.#usable.filter(({ type }) => type === 'schedule');
    try {
      for (const id of (await schedules.registered()).keys()) {
        if (!this.#isGone('schedule', id)) continue;
        await this.#attempt(id, async () => {
          await schedules.remove(id);
          this.#removed.push(scheduleIdOf(id));
        });
      }
      for (const trigger of wanted) {
        await this.#attempt(trigger.id, async () => {
          const action = await schedules.register({ ...trigger, branch });
          this.#schedules.push({ id: trigger.id, scheduleId: scheduleIdOf(trigger.id), action });
        });
      }
    } catch (error) {
      this.#failed(wanted, error);
    }
  }

  async #subscribeOne(
    trigger: Trigger,
    { style, registrar }: { readonly style: Style; readonly registrar: Registrar },
    found: Parameters<Registrar['register']>[1],
  ): Promise<void> {
    const { id } = trigger;
    const { action, names } = await registrar.register(style.wanted(trigger, this.#options.receiver), found);
    const isAidbox = !style.inPlace;
    const topic = `AidboxSubscriptionTopic/${topicId(id)}`;
    const destination = `AidboxTopicDestination/${destinationId(id)}`;
    this.#subscriptions.push(isAidbox ? { id, topic, destination, action } : { id, resources: names, action });
  }

  /** What is registered for a broken trigger stays: nobody has taken it away. */
  #isGone(type: Trigger['type'], id: string): boolean {
    return !this.#options.triggers.some((each) => each.id === id && (each.type === type || isBroken(each)));
  }

  async #attempt(id: string | null, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#tell(id, error);
    }
  }

  /** The other side as a whole did not do. */
  #failed(wanted: readonly Trigger[], error: unknown): void {
    if (wanted.length === 0) this.#tell(null, error);
    for (const { id } of wanted) this.#tell(id, error);
  }

  #tell(id: string | null, error: unknown): void {
    const told = syncError(id, error);
    if (told === null) this.#options.log.error({ trigger: id, err: error }, 'a trigger could not be registered');
    this.#errors.push(told ?? { id, code: 'INTERNAL', message: 'it could not be registered; the log has the cause' });
  }
}

const UNSUPPORTED = {
  code: 'SUBSCRIPTIONS_UNSUPPORTED',
  message: 'SUBSCRIPTIONS_UNSUPPORTED: the FHIR server knows neither AidboxTopicDestination nor Subscription',
};

function isBroken({ problems }: Trigger): boolean {
  return problems.some(({ severity }) => severity === 'error');
}

function byId(a: { readonly id: string | null }, b: { readonly id: string | null }): number {
  return (a.id ?? '') < (b.id ?? '') ? -1 : 1;
}
