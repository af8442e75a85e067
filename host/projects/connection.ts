/** The one connection to Temporal of all project workers of a host: opened for the first one, closed with the host. */
import { IllegalStateError } from '@temporalio/common';
import { NativeConnection } from '@temporalio/worker';
import pRetry from 'p-retry';

/** How a connection is tried for. */
const TRIES = { retries: 4, minTimeout: 500, factor: 2, randomize: false } as const;

/** A connection that is made when it is first needed. */
export class SharedConnection {
  readonly #address: string;
  #open: Promise<NativeConnection> | null = null;
  #opened = 0;

  constructor(address: string) {
    this.#address = address;
  }

  /** How many times it was opened. */
  get opened(): number {
    return this.#opened;
  }

  /** The connection: five attempts, half a second apart, then twice that. Rejects with the last reason. */
  get(): Promise<NativeConnection> {
    this.#open ??= this.#connect().catch((error: unknown) => {
      this.#open = null;
      throw error;
    });
    return this.#open;
  }

  /** Closes it, but for a worker of Temporal's SDK that has failed and keeps its hold (`temporal/running.ts`): it ends with the process. */
  async close(): Promise<void> {
    const open = await this.#open?.catch(() => null);
    await open?.close().catch((error: unknown) => {
      if (!(error instanceof IllegalStateError)) throw error;
    });
  }

  async #connect(): Promise<NativeConnection> {
    const connection = await pRetry(() => NativeConnection.connect({ address: this.#address }), TRIES);
    this.#opened += 1;
    return connection;
  }
}
