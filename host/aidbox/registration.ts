/** Keeps the App of this host in Aidbox: put there at the start, and again until it is taken. */
import pRetry from 'p-retry';
import type { Logger } from 'pino';
import { APP, type appResource } from './app.ts';

/** Aidbox itself, and the client of this host there. */
export interface Aidbox {
  /** Its base, without a slash at the end. */
  readonly url: string;
  readonly id: string;
  readonly secret: string;
}

/** What is registered, and where. */
export interface RegistrationOptions {
  readonly aidbox: Aidbox;
  readonly app: ReturnType<typeof appResource>;
  readonly log: Logger;
  /** Pause after the first failure, doubled after each further one up to a minute. Absent: a second. */
  readonly firstPauseMs?: number;
}

const ANSWER_MS = 10_000;
const LONGEST_PAUSE_MS = 60_000;
const SHOWN_CHARS = 300;

/** A registration under way, or done. The host serves meanwhile. */
export class Registration {
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #isDone = false;

  /** Begins at once. */
  constructor(options: RegistrationOptions) {
    this.#ended = this.#begin(options);
  }

  /** For `GET /health`: rejects while the App is not registered. */
  async check(): Promise<void> {
    if (!this.#isDone) throw new Error('the App is not registered');
  }

  /** Gives up what is under way. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #begin({ aidbox, app, log, firstPauseMs = 1000 }: RegistrationOptions): Promise<void> {
    const { signal } = this.#stopping;
    try {
      await pRetry(() => put(aidbox, app, signal), {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: firstPauseMs,
        maxTimeout: LONGEST_PAUSE_MS,
        signal,
        onFailedAttempt: ({ error, attemptNumber }) => {
          log.error({ err: error, attempt: attemptNumber }, `the App ${APP} could not be registered`);
        },
      });
      this.#isDone = true;
      log.info(`the App ${APP} is registered`);
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, `the App ${APP} is not registered`);
    }
  }
}

async function put({ url, id, secret }: Aidbox, app: RegistrationOptions['app'], stopping: AbortSignal): Promise<void> {
  const response = await fetch(`${url}/App/${APP}`, {
    method: 'PUT',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    },
    body: JSON.stringify(app),
    redirect: 'error',
    signal: AbortSignal.any([stopping, AbortSignal.timeout(ANSWER_MS)]),
  }).catch((cause: unknown) => {
    // A rejection of fetch is a TypeError, which the library may take for a mistake of ours.
    throw new Error('Aidbox does not answer', { cause });
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`Aidbox answered ${response.status}: ${text.slice(0, SHOWN_CHARS)}`);
}
