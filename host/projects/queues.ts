/** What Temporal knows of projects' task queues: how much waits in them, and who polls. */
import type { Client } from '@temporalio/client';
import { type Ask, asker } from '../runs/ask.ts';

/** One task queue. Counts are Temporal's own approximations. */
export interface QueueFigures {
  /** Workflow and activity tasks that nobody has taken. */
  readonly backlog: number;
  /** Age of the oldest of them, seconds. */
  readonly oldestSeconds: number;
  /** Workers that asked for tasks within the last minutes. */
  readonly pollers: number;
}

/** Workflow tasks, and activity tasks. */
const TYPES = [1, 2] as const;

/** Asks Temporal about task queues: two calls for each, so what was told is kept for a while. */
export class TaskQueues {
  readonly #ask: Ask;
  readonly #namespace: string;
  readonly #keptMs: number;
  readonly #kept = new Map<string, { readonly at: number; readonly figures: Promise<QueueFigures> }>();

  constructor(client: Client, keptMs = 5_000) {
    this.#ask = asker(client);
    this.#namespace = client.options.namespace;
    this.#keptMs = keptMs;
  }

  /** The queue as it was at most `keptMs` ago. Rejects with `TEMPORAL_UNAVAILABLE`. */
  read(name: string): Promise<QueueFigures> {
    const now = performance.now();
    for (const [queue, { at }] of this.#kept) if (now - at >= this.#keptMs) this.#kept.delete(queue);
    const known = this.#kept.get(name);
    if (known) return known.figures;
    const figures = this.#read(name);
    this.#kept.set(name, { at: now, figures });
    figures.catch(() => this.#kept.delete(name));
    return figures;
  }

  async #read(name: string): Promise<QueueFigures> {
    const answers = await Promise.all(
      TYPES.map((taskQueueType) =>
        this.#ask(({ workflowService }) =>
          workflowService.describeTaskQueue({
            namespace: this.#namespace,
            taskQueue: { name },
            taskQueueType,
            reportStats: true,
          }),
        ),
      ),
    );
    const identities = answers.flatMap(({ pollers }) => pollers.map(({ identity }) => identity ?? ''));
    const ages = answers.map(({ stats }) => Number(stats?.approximateBacklogAge?.seconds ?? 0));
    return {
      backlog: answers.reduce((sum, { stats }) => sum + Number(stats?.approximateBacklogCount ?? 0), 0),
      oldestSeconds: Math.max(...ages),
      pollers: new Set(identities).size,
    };
  }
}
