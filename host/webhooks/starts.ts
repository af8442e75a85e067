/** Starts the runs of a delivery, each once. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Delivery } from '../../registry/index.ts';
import { ApiError } from '../error.ts';
import type { Runs } from '../runs/index.ts';
import type { Ledger } from './ledger.ts';
import type { Order, Rejection } from './orders.ts';
import type { Pinned } from './pins.ts';

/** What all runs of a delivery have in common. */
export interface Common {
  readonly trigger: string;
  readonly workflow: string;
}

/** An order, with the event's id in the ledger; null: the event cannot be known again. */
export type Identified = Order & { readonly id: string | null };

/** The same, with the plan to run. */
export type Startable = Pinned<Identified>;

/** What became of an order. */
export type Started =
  | { readonly event: number; readonly state: 'started'; readonly workflowId: string; readonly runId: string }
  | { readonly event: number; readonly state: 'deduplicated'; readonly workflowId: string }
  | (Rejection & { readonly state: 'rejected' });

/** Starts at once. */
const LANES = 8;
/** Ids that may be taken in a row: another host would have to start as many in the same milliseconds. */
const MOST_TAKEN = 1_000;

/** Starts runs. Calls may overlap. */
export class Starter {
  readonly #runs: Pick<Runs, 'start'>;
  readonly #ledger: Ledger;
  readonly #log: Logger;
  readonly #now: () => number;
  /** Of each trigger and workflow: the time in the last id that was made. */
  readonly #last = new Map<string, number>();

  constructor(runs: Pick<Runs, 'start'>, ledger: Ledger, log: Logger, now: () => number = Date.now) {
    this.#now = now;
    this.#runs = runs;
    this.#ledger = ledger;
    this.#log = log;
  }

  /**
   * Starts all, or rejects with what stopped it (`TEMPORAL_UNAVAILABLE`, `STORE_UNAVAILABLE`, `EVENT_IN_HAND`); a delivery that
   * comes again then starts those that are missing.
   */
  async start(orders: readonly Startable[], known: ReadonlyMap<string, Delivery>, common: Common): Promise<Started[]> {
    const planned = orders.map((order) => {
      const before = order.id === null ? undefined : known.get(order.id);
      const { workflowId = this.#nameOf(order, common), requestId = randomUUID() } = before ?? {};
      return { order, workflowId, requestId };
    });
    const claims = planned.flatMap(({ order: { id }, workflowId, requestId }) => {
      return id === null ? [] : [{ id, workflowId, requestId }];
    });
    const claimed = await this.#ledger.claim(claims, known);
    const rows = new Map(claimed.map((each) => [each.id, each]));
    const outcomes: Started[] = [];
    const failures: unknown[] = [];
    await inLanes(planned, async (plan) => {
      if (failures.length > 0) return;
      try {
        const outcome = await this.#one(plan, rows, common);
        outcomes.push(outcome);
        note(rows, plan.order.id, outcome);
      } catch (error) {
        failures.push(error);
      }
    });
    await this.#settle(rows);
    if (failures.length > 0) throw failures[0];
    return outcomes;
  }

  async #one({ order, workflowId, requestId }: Plan, rows: Map<string, Delivery>, common: Common): Promise<Started> {
    const { event, input, id, branch, pin } = order;
    const { workflow, trigger } = common;
    const isNamed = order.workflowId !== null;
    let name = workflowId;
    for (let taken = 0; taken < MOST_TAKEN; taken++) {
      const attempt = { workflowId: name, requestId, mark: requestId, once: !isNamed };
      const asked = { workflow, branch, pin, input, attempt, trigger: { type: 'subscription', id: trigger } } as const;
      const found = await this.#runs.start(asked).catch((error: unknown) => {
        if (error instanceof ApiError && error.code === 'WORKFLOW_ID_TAKEN') return null;
        throw error;
      });
      if (found && !found.deduplicated) return { event, state: 'started', workflowId: name, runId: found.runId };
      if (isNamed) return this.#taken(order, name, found !== null, common);
      // Another host was in the same millisecond. The row says so before the start does: a start that was cut off is repeated
      // under the id of the row.
      name = this.#nameOf(order, common);
      const row = id === null ? undefined : rows.get(id);
      if (row && id !== null) {
        rows.set(id, { ...row, workflowId: name });
        await this.#ledger.settle([{ ...row, workflowId: name }]);
      }
    }
    throw new ApiError('INTERNAL', `no free workflow id for trigger ${trigger}`);
  }

  #taken({ event }: Order, workflowId: string, isOwn: boolean, { trigger }: Common): Started {
    if (isOwn) return { event, state: 'deduplicated', workflowId };
    this.#log.warn({ trigger, event }, 'an event was rejected: its _workflowId is taken');
    return { event, state: 'rejected', code: 'WORKFLOW_ID_TAKEN', message: '_workflowId: found an id that is in use' };
  }

  /** Epoch milliseconds, moved on where this host has used them. */
  #nameOf({ workflowId }: Order, { workflow, trigger }: Common): string {
    if (workflowId !== null) return workflowId;
    const prefix = `${workflow}-trigger-${trigger}`;
    const time = Math.max(this.#now(), (this.#last.get(prefix) ?? 0) + 1);
    this.#last.set(prefix, time);
    return `${prefix}-${time}`;
  }

  /** What was started is started: where the store has gone away meanwhile, a delivery that comes again finds the runs themselves. */
  async #settle(rows: ReadonlyMap<string, Delivery>): Promise<void> {
    const settled = [...rows.values()].map((row) =>
      row.state === 'claimed' ? { ...row, state: 'open' as const } : row,
    );
    await this.#ledger.settle(settled).catch((error: unknown) => {
      this.#log.error({ err: error }, 'the runs of a webhook are started, but could not be written down');
    });
  }
}

interface Plan {
  readonly order: Startable;
  readonly workflowId: string;
  readonly requestId: string;
}

function note(rows: Map<string, Delivery>, id: string | null, outcome: Started): void {
  const row = id === null ? undefined : rows.get(id);
  if (!row || id === null || outcome.state === 'rejected') return;
  const { state, workflowId } = outcome;
  rows.set(id, { ...row, state, workflowId, runId: state === 'started' ? outcome.runId : null });
}

/** Begins in order, a few at once. `work` does not reject. */
async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const open = items.values();
  const lane = async (): Promise<void> => {
    for (const item of open) await work(item);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
