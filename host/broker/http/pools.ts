import { Agent, type buildConnector } from 'undici';
import { CapabilityError } from '../capability.ts';

/** Figures of `Pools`. */
export interface PoolOptions {
  /** Sockets of one pool to one origin. */
  readonly connections: number;
  /** Requests of one tenant that may be open at once; one more is `TOO_MANY_CALLS`. */
  readonly inFlight: number;
  /** Milliseconds without a byte of the answer after which a request fails. */
  readonly timeoutMs: number;
}

/** Longest that a server may have an idle socket kept for it: every one is a descriptor of the host. */
const IDLE_MS = 4_000;
/** Bytes of an answer's header. */
const HEADER_BYTES = 16_384;
/** Pools kept; the one unused for longest is closed when there are more. */
const KEPT = 256;

/**
 * One pool of sockets per tenant: no tenant waits for, or rides on, another's connections. `close` ends all of them and may
 * be called twice.
 */
export class Pools {
  readonly #options: PoolOptions;
  readonly #agents = new Map<string, Agent>();
  readonly #open = new Map<string, number>();
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * Runs `work` with the pool of a tenant. Pools with another `variant` share no socket: what one set of grants may reach is
   * never reached through a connection that another opened. `connect` is asked once, for a new pool.
   */
  async use<T>(
    tenant: string | null,
    variant: string,
    connect: () => buildConnector.connector | undefined,
    work: (agent: Agent) => Promise<T>,
  ): Promise<T> {
    const owner = JSON.stringify(tenant);
    const open = this.#open.get(owner) ?? 0;
    if (open >= this.#options.inFlight) {
      throw new CapabilityError(
        'TOO_MANY_CALLS',
        `more than ${this.#options.inFlight} requests of the tenant are open`,
      );
    }
    this.#open.set(owner, open + 1);
    try {
      return await work(this.#agent(owner + variant, connect));
    } finally {
      const left = (this.#open.get(owner) ?? 1) - 1;
      if (left === 0) this.#open.delete(owner);
      else this.#open.set(owner, left);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  #agent(key: string, connect: () => buildConnector.connector | undefined): Agent {
    if (this.#closed) throw new CapabilityError('UNAVAILABLE', 'the host is shutting down');
    const agent = this.#agents.get(key) ?? this.#make(connect());
    this.#agents.delete(key);
    this.#agents.set(key, agent);
    this.#trim();
    return agent;
  }

  #make(connect: buildConnector.connector | undefined): Agent {
    const { connections, timeoutMs } = this.#options;
    return new Agent({
      connections,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      keepAliveMaxTimeout: IDLE_MS,
      maxHeaderSize: HEADER_BYTES,
      allowH2: false,
      ...(connect && { connect }),
    });
  }

  #trim(): void {
    const oldest = this.#agents.entries().next().value;
    if (this.#agents.size <= KEPT || oldest === undefined) return;
    this.#agents.delete(oldest[0]);
    // Requests that use it end first. Nobody waits for that, and its failure would have nobody to tell.
    oldest[1].close().catch(() => {});
  }
}
