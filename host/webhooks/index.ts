/** Webhooks: events of triggers, from whoever proves to be their sender, to runs. */
import { isDeepStrictEqual } from 'node:util';
import {
  type Delivery,
  type DeliveryStore,
  hasErrors,
  type Project,
  readTriggers,
  type Trigger,
} from '../../registry/index.ts';
import { ApiError } from '../error.ts';
import type { PlanShelf } from '../plans.ts';
import type { Ward } from '../quarantine.ts';
import type { Runs } from '../runs/index.ts';
import { deliveryOf, type Event, type Incoming, readDelivery } from './delivery.ts';
import { Door, type Secrets } from './door.ts';
import { Ledger } from './ledger.ts';
import { Mapper, type MapperOptions } from './mapping.ts';
import { memoryDeliveries } from './memory.ts';
import { judge, type Rejection } from './orders.ts';
import { invalid, pinned } from './pins.ts';
import type { Proof } from './proof.ts';
import { type Identified, Starter } from './starts.ts';

/** What `Webhooks` is made of. */
export interface WebhookParts extends Omit<MapperOptions, 'readsFhir'> {
  readonly settings: WebhookSettings;
  readonly shelf: PlanShelf;
  readonly runs: Runs;
  readonly ward: Ward | null;
  readonly unscopedRuns: 'allow' | 'deny';
  /** Null: deliveries are remembered by this process alone. */
  readonly deliveries: DeliveryStore | null;
}

/** What an operator decides. */
export interface WebhookSettings {
  readonly secrets: Secrets;
  /** Whether mappings may read what is at the FHIR server, of any tenant. */
  readonly mappingReadsFhir: boolean;
}

/** What a delivery led to. */
export interface Received {
  /** Events in it. */
  readonly received: number;
  /** Runs, in the order of their events; of an event that was delivered before, the run of that time. */
  readonly started: readonly { readonly workflowId: string; readonly runId: string }[];
  /** Workflow ids under which a run was running. */
  readonly deduplicated: readonly string[];
  /** Events whose mapping returned nothing. */
  readonly ignored: number;
  readonly rejected: readonly Rejection[];
  /** Events that had been delivered before. */
  readonly repeated: number;
}

/** How old the rules may be by which strangers are turned away: reading a project anew for each of them would be theirs to ask. */
const RULES_MS = 1_000;

/** Takes events. Calls may overlap, also on several hosts over one database. */
export class Webhooks {
  readonly #parts: WebhookParts;
  readonly #door: Door;
  readonly #mapper: Mapper;
  readonly #ledger: Ledger;
  readonly #starter: Starter;
  readonly #inHand = new Map<string, Promise<Received>>();
  readonly #read = new WeakMap<Project, Promise<Main['triggers']>>();
  #recent: { readonly at: number; readonly main: Promise<Main> } | null = null;

  constructor(parts: WebhookParts) {
    const { settings, runs, log, deliveries } = parts;
    this.#parts = parts;
    this.#door = new Door(settings.secrets);
    this.#mapper = new Mapper({ ...parts, readsFhir: settings.mappingReadsFhir });
    this.#ledger = new Ledger(deliveries ?? memoryDeliveries(), log);
    this.#starter = new Starter(runs, this.#ledger, log);
  }

  /** What keeps a trigger from taking events of others than a development host's own machine; names variables, no values. */
  problemsOf({ webhook }: Pick<Trigger, 'webhook'>): string[] {
    return webhook === null ? [] : this.#door.problemsOf(webhook);
  }

  /**
   * Takes one delivery. Rejects with `UNAUTHORIZED` for an unknown trigger and for a sender that proves nothing alike; with
   * `MAPPING_FAILED`, having started nothing; with `TEMPORAL_UNAVAILABLE` and the like for what a repeated delivery completes.
   */
  async receive(incoming: Incoming): Promise<Received> {
    const { main, trigger, proof } = await this.#admit(incoming);
    if (hasErrors(trigger.problems) || trigger.workflow === null || trigger.mapping === null) {
      this.#parts.log.error({ trigger: trigger.id }, 'an event came for a trigger whose definition has errors');
      throw invalid();
    }
    const key = deliveryOf(incoming, trigger, proof);
    const running = key === null ? undefined : this.#inHand.get(key);
    if (running) return running;
    const { workflow, mapping } = trigger;
    const receiving = this.#take({ incoming, trigger: { ...trigger, workflow, mapping }, project: main.project, key });
    if (key === null) return receiving;
    this.#inHand.set(key, receiving);
    try {
      return await receiving;
    } finally {
      this.#inHand.delete(key);
    }
  }

  async #admit(incoming: Incoming): Promise<{ main: Main; trigger: Trigger; proof: Proof }> {
    const { trigger: id, isLocal } = incoming;
    // Strangers are judged by rules that may be a moment old, and only then by those of now.
    const before = isLocal ? null : ((await this.#rules()).triggers.get(id)?.webhook ?? null);
    const early = isLocal ? null : this.#door.admit(before, incoming);
    if (!isLocal && early === null) throw unauthorized();
    const main = await this.#main();
    const trigger = main.triggers.get(id);
    const rule = trigger?.webhook ?? null;
    const proof = early !== null && isDeepStrictEqual(rule, before) ? early : this.#door.admit(rule, incoming);
    if (trigger && proof) return { main, trigger, proof };
    // Who may list triggers may know that there is none of this name.
    if (!trigger && isLocal) throw new ApiError('TRIGGER_NOT_FOUND', 'no such trigger', { where: 'path' });
    throw unauthorized();
  }

  async #take(delivery: Taken): Promise<Received> {
    const { incoming, trigger, project, key } = delivery;
    const events = readDelivery(incoming, trigger, key);
    const ids = events.flatMap(({ id }) => id ?? []);
    const known = await this.#ledger.find(ids);
    const isSettled = (id: string | null): boolean => {
      const state = id === null ? undefined : known.get(id)?.state;
      return state === 'started' || state === 'deduplicated';
    };
    const open = events.filter(({ id }) => !isSettled(id));
    const { orders, rejected, ignored } = await this.#orders(open, trigger, project);
    const started = await this.#starter.start(orders, known, { trigger: trigger.id, workflow: trigger.workflow });
    const before = events.flatMap(({ id, event }) => {
      const found = isSettled(id) && id !== null ? known.get(id) : undefined;
      return found ? [{ event, ...found }] : [];
    });
    return summed(events.length, { started, before, rejected, ignored });
  }

  /** Runs every mapping, and only then says what is to be started. */
  async #orders(events: readonly Event[], { id, workflow, mapping: path, webhook }: Usable, project: Project) {
    const { shelf, ward, log, unscopedRuns } = this.#parts;
    const params = events.map((each) => each.params);
    const mapped = await this.#mapper.map({ project, trigger: id, workflow, path }, params);
    const rules = { tenant: webhook?.tenant ?? null, unscopedRuns };
    const judged = events.flatMap(({ event, id }, index) => {
      const made = mapped[index];
      return made ? [{ ...judge(event, made, rules), id }] : [];
    });
    const orders: Identified[] = judged.flatMap((each) => ('code' in each ? [] : [each]));
    const plans = await pinned(orders, workflow, { shelf, ward, log });
    const refused = judged.flatMap((each) => ('code' in each ? [withoutState(each)] : []));
    const rejected = [...refused, ...plans.rejected].sort((a, b) => a.event - b.event);
    for (const { event, code, message } of rejected) {
      log.warn({ trigger: id, event, code, why: message }, 'an event of a trigger was rejected');
    }
    return { orders: plans.pinned, rejected, ignored: events.length - judged.length };
  }

  /** A commit is opened once, and the same snapshot given again. */
  #triggersOf(project: Project): Promise<Main['triggers']> {
    const known = this.#read.get(project);
    if (known) return known;
    const reading = readTriggers(project).then((found) => new Map(found.map((each) => [each.id, each])));
    this.#read.set(project, reading);
    return reading;
  }

  #rules(): Promise<Main> {
    if (this.#recent && performance.now() - this.#recent.at < RULES_MS) return this.#recent.main;
    return this.#main();
  }

  /** The project's main branch as it is now. */
  #main(): Promise<Main> {
    const main = this.#parts.shelf.project(null).then(async (project) => {
      return { project, triggers: await this.#triggersOf(project) };
    });
    const recent = { at: performance.now(), main };
    this.#recent = recent;
    main.catch(() => {
      if (this.#recent === recent) this.#recent = null;
    });
    return main;
  }
}

interface Main {
  readonly project: Project;
  readonly triggers: ReadonlyMap<string, Trigger>;
}

export type { Incoming };

type Usable = Trigger & { readonly workflow: string; readonly mapping: string };

interface Taken {
  readonly incoming: Incoming;
  readonly trigger: Usable;
  readonly project: Project;
  /** Of the delivery; null: it cannot be known again. */
  readonly key: string | null;
}

interface Outcomes {
  readonly started: Awaited<ReturnType<Starter['start']>>;
  readonly before: readonly (Delivery & { readonly event: number })[];
  readonly rejected: readonly Rejection[];
  readonly ignored: number;
}

function summed(received: number, { started, before, rejected, ignored }: Outcomes): Received {
  const outcomes = [...started, ...before].sort((a, b) => a.event - b.event);
  return {
    received,
    started: outcomes.flatMap((each) => {
      if (each.state !== 'started' || each.runId === null) return [];
      return [{ workflowId: each.workflowId, runId: each.runId }];
    }),
    deduplicated: outcomes.flatMap((each) => (each.state === 'deduplicated' ? [each.workflowId] : [])),
    ignored,
    rejected: [...rejected, ...started.flatMap((each) => (each.state === 'rejected' ? [withoutState(each)] : []))],
    repeated: before.length,
  };
}

function withoutState({ event, code, message }: Rejection): Rejection {
  return { event, code, message };
}

function unauthorized(): ApiError {
  return new ApiError('UNAUTHORIZED', 'no such trigger, or nothing proves that the request comes from its sender');
}
