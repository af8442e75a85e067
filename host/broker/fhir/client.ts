/** Sends typed requests to the FHIR server, under the base of one tenant. */
import { Client, type ClientConfig, type FhirResource, type RequestOptions } from 'fhir-kit-client';
import { CapabilityError } from '../capability.ts';
import { Pools } from '../http/pools.ts';
import { withoutAddresses } from './answer.ts';
import { isRecord, type Resource } from './argument.ts';
import { capped } from './cap.ts';
import { toCapabilityError } from './failure.ts';
import { type KnownTypes, OtherClient } from './kit.ts';

/** Where the FHIR server is and what it is told. */
export interface FhirOptions {
  /** Aidbox style, such as `http://127.0.0.1:8080`: its FHIR lies under `/fhir` and `/Organization/{id}/fhir`. */
  readonly baseUrl: string;
  /** FHIR base of any other server, used as it is for runs without tenant, instead of `baseUrl` + `/fhir`. */
  readonly fhirBaseUrl?: string;
  /** How the server separates tenants. With `none` every call for a tenant is refused. */
  readonly mode: 'organization-prefix' | 'none';
  readonly auth:
    | null
    | { readonly basic: { readonly id: string; readonly secret: string } }
    | { readonly bearer: string };
  /** Milliseconds of one request; default 20 s. */
  readonly timeoutMs?: number;
  /** Bytes of one answer; default 4 MiB. */
  readonly maxBytes?: number;
  /** Requests of one tenant that may be open at once; default 16. */
  readonly inFlight?: number;
}

/** Until when a call may run. */
export interface CallLimits {
  readonly signal?: AbortSignal;
  /** Epoch milliseconds. */
  readonly deadline?: number;
}

/** Sends by means of a client bound to a base; `options` are for each request. */
type Work = (client: Client, options: RequestOptions) => Promise<FhirResource>;

const CONNECTIONS = 8;

/** One server, a pool of sockets per tenant. `close` ends them; no call may start after it. */
export class FhirClient {
  readonly #options: FhirOptions;
  readonly #pools: Pools;
  readonly #timeoutMs: number;
  readonly #maxBytes: number;
  readonly #known: KnownTypes = new Map();

  constructor(options: FhirOptions) {
    const { timeoutMs = 20_000, maxBytes = 4 * 2 ** 20, inFlight = 16 } = options;
    this.#options = options;
    this.#timeoutMs = timeoutMs;
    this.#maxBytes = maxBytes;
    this.#pools = new Pools({ connections: CONNECTIONS, inFlight, timeoutMs });
  }

  /**
   * Makes one request for a tenant, or for none. Resolves to the answer without addresses. Rejects with `CapabilityError`
   * only: `TENANT_REFUSED` where the server has no tenants, and what the server's own refusal means.
   */
  async call(tenant: string | null, { signal, deadline }: CallLimits, work: Work): Promise<Resource> {
    const baseUrl = this.#base(tenant);
    const left = Math.min(this.#timeoutMs, deadline === undefined ? this.#timeoutMs : deadline - Date.now());
    if (signal?.aborted || left <= 0) throw runIsOver();
    const limit = AbortSignal.timeout(left);
    const either = signal ? AbortSignal.any([signal, limit]) : limit;
    const asked = { 'accept-encoding': 'identity', prefer: 'return=representation' };
    const customHeaders = { ...asked, ...this.#authorization() };
    try {
      return await this.#pools.use(tenant, '', noConnector, async (agent) => {
        const dispatcher = agent.compose(capped(this.#maxBytes));
        // A redirect would take the credentials elsewhere, so it is an error.
        const config: ClientConfig = { baseUrl, customHeaders, requestOptions: { dispatcher, redirect: 'error' } };
        const isOther = this.#options.fhirBaseUrl !== undefined;
        const client = isOther ? new OtherClient(config, this.#known) : new Client(config);
        return withoutAddresses(parseAnswer(await work(client, { signal: either })));
      });
    } catch (error) {
      if (signal?.aborted) throw runIsOver();
      throw toCapabilityError(error);
    }
  }

  async close(): Promise<void> {
    await this.#pools.close();
  }

  #base(tenant: string | null): string {
    const { baseUrl, fhirBaseUrl, mode } = this.#options;
    const root = baseUrl.replace(/\/+$/, '');
    if (tenant === null) return (fhirBaseUrl ?? `${root}/fhir`).replace(/\/+$/, '');
    if (mode === 'none') {
      throw new CapabilityError('DENIED', 'fhir: the FHIR server does not separate tenants', 'TENANT_REFUSED');
    }
    if (!/^[A-Za-z0-9.-]{1,64}$/.test(tenant) || tenant === '.' || tenant === '..') {
      throw new CapabilityError('DENIED', 'fhir: the id of the tenant is not valid', 'TENANT_REFUSED');
    }
    return `${root}/Organization/${tenant}/fhir`;
  }

  #authorization(): Record<string, string> {
    const { auth } = this.#options;
    if (auth === null) return {};
    if ('bearer' in auth) return { authorization: `Bearer ${auth.bearer}` };
    const { id, secret } = auth.basic;
    return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
  }
}

const noConnector = () => undefined;

function runIsOver(): CapabilityError {
  return new CapabilityError('FAILED', 'fhir: the run is over');
}

/** An answer without body, as some servers give to DELETE, is an empty object. */
function parseAnswer(answer: unknown): Resource {
  if (!isRecord(answer)) throw new Error('the answer is not a resource');
  return { ...answer } as unknown as Resource;
}
