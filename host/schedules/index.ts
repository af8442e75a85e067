/** Schedules of triggers, as Temporal keeps and fires them: it needs no API for that, only a worker somewhere. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, ScheduleAlreadyRunning, type ScheduleDescription } from '@temporalio/client';
import { contentDigest, type Trigger } from '../../registry/index.ts';
import { ApiError } from '../error.ts';
import { BILLING_QUEUE } from '../temporal/queue.ts';
import { labelsOf } from '../temporal/workflows/labels.ts';
import type { BillingArgs } from '../temporal/workflows/types.ts';
import { ask, noSchedule, read } from './ask.ts';
import { schedulePolicies, scheduleSpec } from './spec.ts';
import { type ScheduleView, viewSchedule } from './view.ts';

const PREFIX = 'ts-trigger-schedule-';
/** Two hosts that sync at the same moment take turns at deleting and creating. */
const ATTEMPTS = 5;
const TURN_MS = 100;
const STARTED_WITHIN_MS = 3000;
const LOOK_MS = 100;

/** A run that a schedule was told to start now. */
export interface TriggeredRun {
  readonly workflowId: string;
  readonly runId: string;
}

/** A trigger of type schedule without errors, and the branch its runs are labelled with. */
export type Scheduled = Pick<Trigger, 'id' | 'workflow' | 'spec' | 'policies' | 'input'> & {
  readonly branch: string | null;
};

/** Id of a trigger's schedule at Temporal. */
export const scheduleIdOf = (trigger: string): string => `${PREFIX}${trigger}`;

/**
 * The schedules that start runs on this host's queue. Those of other hosts on the same Temporal are neither shown nor touched.
 * Rejects with `ApiError` for what a client can mend or wait for.
 */
export class Schedules {
  readonly #client: Client;
  readonly #queue: string;
  /** Created here: Temporal's list of schedules knows them a moment later. */
  readonly #created = new Set<string>();

  constructor(client: Client, queue: string = BILLING_QUEUE) {
    this.#client = client;
    this.#queue = queue;
  }

  /**
   * Creates a trigger's schedule, instead of the one there is. A paused one stays paused. Runs under way are not touched.
   * Rejects with `SCHEDULE_INVALID`, and `SCHEDULE_TAKEN` where another host has one of this id.
   */
  async register(trigger: Scheduled): Promise<'created' | 'replaced'> {
    let replaced = false;
    for (let attempt = 1; ; attempt += 1) {
      const old = await this.#describe(trigger.id);
      if (old !== null && !this.#isOurs(old)) {
        throw new ApiError('SCHEDULE_TAKEN', `another host on this Temporal has a schedule ${old.scheduleId}`);
      }
      replaced ||= old !== null;
      // The client judges the spec before it asks anything, Temporal only then: what it refuses must not cost the old one.
      if (old !== null && attempt === 1) await this.#rehearse(trigger);
      if (old !== null) await this.#delete(trigger.id);
      try {
        await this.#create(trigger, old);
        return replaced ? 'replaced' : 'created';
      } catch (error) {
        if (!(error instanceof ScheduleAlreadyRunning) || attempt === ATTEMPTS) throw error;
        await sleep(TURN_MS * attempt * Math.random());
      }
    }
  }

  /** Triggers that have a schedule, with the digest of what it was made of; null: it was made by something else. */
  async registered(): Promise<ReadonlyMap<string, string | null>> {
    const all = await this.#all();
    return new Map(all.map(({ id, found }) => [id, digestIn(found)]));
  }

  /** All schedules by id. */
  async list(): Promise<ScheduleView[]> {
    const all = await this.#all();
    return all.map(({ id, found }) => viewSchedule(id, found)).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** One schedule. */
  async get(id: string): Promise<ScheduleView> {
    return viewSchedule(id, await this.#own(id));
  }

  /** Starts no runs until `resume`; neither sync nor restart changes that. */
  async pause(id: string, note: string): Promise<ScheduleView> {
    await this.#own(id);
    await ask(this.#client, () => this.#handle(id).pause(note));
    return this.get(id);
  }

  async resume(id: string, note: string): Promise<ScheduleView> {
    await this.#own(id);
    await ask(this.#client, () => this.#handle(id).unpause(note));
    return this.get(id);
  }

  /** Starts a run now, whatever else runs, also of a paused schedule. Null when Temporal has not said in time which one. */
  async trigger(id: string): Promise<TriggeredRun | null> {
    const { info } = await this.#own(id);
    await ask(this.#client, () => this.#handle(id).trigger('ALLOW_ALL'));
    for (const end = Date.now() + STARTED_WITHIN_MS; Date.now() < end; await sleep(LOOK_MS)) {
      const now = await this.#own(id);
      const last = now.info.recentActions.at(-1)?.action.workflow;
      if (now.info.numActionsTaken > info.numActionsTaken && last) {
        return { workflowId: last.workflowId, runId: last.firstExecutionRunId };
      }
    }
    return null;
  }

  /** Deletes a schedule; its runs go on. */
  async remove(id: string): Promise<void> {
    await this.#own(id);
    await this.#delete(id);
  }

  #handle(id: string) {
    return this.#client.schedule.getHandle(scheduleIdOf(id));
  }

  async #all(): Promise<{ id: string; found: ScheduleDescription }[]> {
    const ids = new Set(this.#created);
    await ask(this.#client, async () => {
      for await (const { scheduleId } of this.#client.schedule.list()) {
        if (scheduleId.startsWith(PREFIX)) ids.add(scheduleId.slice(PREFIX.length));
      }
    });
    const all = await Promise.all([...ids].map(async (id) => ({ id, found: await this.#describe(id) })));
    return all.flatMap(({ id, found }) => (found !== null && this.#isOurs(found) ? [{ id, found }] : []));
  }

  async #own(id: string): Promise<ScheduleDescription> {
    const found = await this.#describe(id);
    if (found === null || !this.#isOurs(found)) throw noSchedule();
    return found;
  }

  async #describe(id: string): Promise<ScheduleDescription | null> {
    return read(this.#client, () => this.#handle(id).describe()).catch((error: unknown) => {
      if (error instanceof ApiError && error.code === 'SCHEDULE_NOT_FOUND') return null;
      throw error;
    });
  }

  #isOurs({ action }: ScheduleDescription): boolean {
    return action.taskQueue === this.#queue;
  }

  async #delete(id: string): Promise<void> {
    this.#created.delete(id);
    await ask(this.#client, () => this.#handle(id).delete()).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.code === 'SCHEDULE_NOT_FOUND')) throw error;
    });
  }

  /** Lets Temporal judge a spec under a name nobody uses, paused, and takes it away again. */
  async #rehearse(trigger: Scheduled): Promise<void> {
    const scheduleId = `cloister-rehearsal-${crypto.randomUUID()}`;
    const { client } = this.#client.schedule.getHandle(scheduleId);
    await ask(this.#client, () =>
      client.create({ ...this.#options(trigger, null), scheduleId, state: { paused: true } }),
    );
    await ask(this.#client, () => client.getHandle(scheduleId).delete());
  }

  async #create(trigger: Scheduled, old: ScheduleDescription | null): Promise<void> {
    await ask(this.#client, () => this.#client.schedule.create(this.#options(trigger, old)));
    this.#created.add(trigger.id);
  }

  #options({ id, workflow, branch, spec, policies, input }: Scheduled, old: ScheduleDescription | null) {
    const args: BillingArgs = {
      workflow: workflow ?? '',
      branch,
      input: input ?? {},
      trigger: { type: 'schedule', id },
    };
    return {
      scheduleId: scheduleIdOf(id),
      spec: scheduleSpec(spec ?? {}),
      policies: schedulePolicies(policies),
      ...(old !== null && { state: { paused: old.state.paused, ...(old.state.note && { note: old.state.note }) } }),
      action: {
        type: 'startWorkflow' as const,
        workflowType: 'billingWorkflow',
        taskQueue: this.#queue,
        // Temporal appends the time of the action.
        workflowId: `${workflow}-trigger-${id}`,
        args: [args],
        ...labelsOf(args),
      },
      memo: { CloisterTrigger: id, CloisterDigest: scheduleDigest({ id, workflow, branch, spec, policies, input }) },
    };
  }
}

/** Digest of what a schedule is made of: two that are equal fire alike. */
export function scheduleDigest({ workflow, branch, spec, policies, input }: Scheduled): string {
  return contentDigest({ workflow, branch, spec, policies, input });
}

function digestIn({ memo }: ScheduleDescription): string | null {
  const digest = memo?.CloisterDigest;
  return typeof digest === 'string' ? digest : null;
}
