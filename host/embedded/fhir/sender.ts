/** Tells destinations of subscriptions what has changed: in order, until they have taken it, also after a restart. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue } from './queue.ts';
import { isRecord } from './resource.ts';
import type { Event, Store } from './store.ts';
import { readDestination } from './topics.ts';

/** What a sender works with. */
export interface SenderOptions {
  readonly store: Store;
  /** The database is read between requests: within one there may be a transaction that comes to nothing. */
  readonly queue: Queue;
  /** Of the unprefixed base. */
  readonly base: () => string;
}

interface Batch {
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly last: number;
}

const MOST_EVENTS = 20;
const MOST_BYTES = 512 * 1024;
const ANSWER_MS = 30_000;
const FIRST_WAIT_MS = 500;
const LAST_WAIT_MS = 30_000;

/** Sends to each destination by itself, so that one that is down holds up no other. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #sending = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** To be called when there may be events. */
  wake(): void {
    const { queue, store } = this.#options;
    const look = async () => {
      for (const id of store.destinations()) this.#begin(id);
    };
    if (!this.#closing.signal.aborted) queue.run(look).catch(complain);
  }

  /** What is not sent by then is sent after the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#sending.values());
  }

  #begin(id: string): void {
    if (this.#sending.has(id) || this.#closing.signal.aborted) return;
    const sending = this.#send(id).then(
      () => {
        this.#sending.delete(id);
        // One that came after the last look would else wait for the next change.
        this.wake();
      },
      (error: unknown) => {
        this.#sending.delete(id);
        complain(error);
      },
    );
    this.#sending.set(id, sending);
  }

  async #send(id: string): Promise<void> {
    const { queue, store } = this.#options;
    const { signal } = this.#closing;
    for (let waitMs = FIRST_WAIT_MS; !signal.aborted; ) {
      const batch = await queue.run(async () => this.#next(id));
      if (batch === null) return;
      if (await this.#post(batch)) {
        await queue.run(async () => store.removeEvents(id, batch.last));
        waitMs = FIRST_WAIT_MS;
      } else {
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, LAST_WAIT_MS);
      }
    }
  }

  /** Null when there is nothing to send. Events of a destination that is gone go with it. */
  #next(id: string): Batch | null {
    const { store, base } = this.#options;
    const destination = readDestination(store, id);
    if (destination === null) store.removeEvents(id, Number.MAX_SAFE_INTEGER);
    const events = destination === null ? [] : fitting(store.events(id, MOST_EVENTS));
    const last = events.at(-1);
    if (destination === null || last === undefined) return null;
    const parameters = Array.isArray(destination.parameter) ? destination.parameter.filter(isRecord) : [];
    const headers = parameters.flatMap(({ name, valueString }) => {
      const [, key, value] = /^([^:\s]+):\s*(.*)$/.exec(String(valueString)) ?? [];
      return name === 'header' && key !== undefined && value !== undefined ? [[key, value] as const] : [];
    });
    const url = String(parameters.find(({ name }) => name === 'endpoint')?.valueUrl);
    return { url, headers, body: JSON.stringify(notification(destination, events, base())), last: last.number };
  }

  async #post({ url, headers, body }: Batch): Promise<boolean> {
    try {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(ANSWER_MS)]);
      const sent = [...headers, ['content-type', 'application/fhir+json'] as const].map(
        (each) => [...each] as [string, string],
      );
      const response = await fetch(url, { method: 'POST', headers: sent, body, redirect: 'error', signal });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }
}

/** As many as stay below a size that receivers take, and one at least. */
function fitting(events: readonly Event[]): Event[] {
  let size = 0;
  return events.filter(({ content }, index) => {
    size += content?.length ?? 0;
    return index === 0 || size <= MOST_BYTES;
  });
}

/** As Aidbox sends it: a history, whose first entry says what it is about. */
function notification(
  { id, topic, content: amount }: Readonly<Record<string, unknown>>,
  events: readonly Event[],
  base: string,
) {
  const status = {
    resourceType: 'AidboxSubscriptionStatus',
    status: 'active',
    type: 'event-notification',
    notificationEvent: events.map(({ number, reference }) => ({ eventNumber: number, focus: { reference } })),
    topic,
    'topic-destination': { reference: `AidboxTopicDestination/${id}` },
  };
  const entries = events.map(({ reference, method, content }) => ({
    ...(amount !== 'id-only' && content !== null && { resource: JSON.parse(content) as unknown }),
    fullUrl: `${base}/${reference}`,
    request: { method, url: reference },
  }));
  const timestamp = new Date().toISOString();
  const entry = [{ resource: status }, ...(amount === 'empty' ? [] : entries)];
  return { resourceType: 'Bundle', type: 'history', timestamp, entry };
}

function complain(error: unknown): void {
  console.error('fhir server: events could not be sent:', error);
}
