import type { Outlets } from './core.ts';
import { GuestHeaders } from './headers.ts';

interface Init {
  readonly method?: string;
  readonly headers?: ConstructorParameters<typeof GuestHeaders>[0];
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** What `http.fetch` answers. */
interface Answer {
  readonly status: number;
  readonly statusText?: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** `Response` with its body already here. */
export class GuestResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: GuestHeaders;
  readonly url: string;
  readonly redirected = false;
  readonly type = 'basic';
  readonly #body: string;
  #used = false;

  constructor(
    body?: string | null,
    init: { status?: number; statusText?: string; headers?: Init['headers']; url?: string } = {},
  ) {
    this.#body = body === undefined || body === null ? '' : `${body}`;
    this.status = init.status ?? 200;
    this.statusText = init.statusText ?? '';
    this.headers = new GuestHeaders(init.headers);
    this.url = init.url ?? '';
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get bodyUsed(): boolean {
    return this.#used;
  }

  clone(): GuestResponse {
    return new GuestResponse(this.#body, this);
  }

  async text(): Promise<string> {
    if (this.#used) throw new TypeError('the body of this response has been read');
    this.#used = true;
    return this.#body;
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return new TextEncoder().encode(await this.text()).buffer as ArrayBuffer;
  }
}

Object.defineProperty(GuestResponse, 'name', { value: 'Response' });

/** The global `fetch`, a thin shim over the capability `http.fetch`; bodies are text. */
export function createFetch({ call }: Pick<Outlets, 'call'>): Record<string, unknown> {
  const fetch = async (target: unknown, init: Init = {}): Promise<GuestResponse> => {
    const url = `${target}`;
    const headers = new GuestHeaders(init.headers);
    const body = textBody(init.body, headers);
    const request = {
      url,
      method: `${init.method ?? 'GET'}`.toUpperCase(),
      headers: Object.fromEntries(headers),
      body,
    };
    const answer = await untilAborted(call('http.fetch', request) as Promise<Answer>, init.signal);
    return new GuestResponse(answer.body, { ...answer, url });
  };
  return { fetch, Headers: GuestHeaders, Response: GuestResponse };
}

function textBody(body: unknown, headers: GuestHeaders): string | undefined {
  if (body === undefined || body === null) return undefined;
  const isForm = Object.prototype.toString.call(body) === '[object URLSearchParams]';
  const type = isForm ? 'application/x-www-form-urlencoded;charset=UTF-8' : 'text/plain;charset=UTF-8';
  if (!headers.has('content-type')) headers.set('content-type', type);
  if (typeof body === 'string' || isForm) return `${body}`;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body))
    return new TextDecoder('utf-8', { fatal: true }).decode(body as ArrayBuffer);
  throw new TypeError('the body of a request must be text, bytes of UTF-8 or URLSearchParams');
}

/** Rejects when the script's own signal aborts; the call itself ends with the run. */
function untilAborted<T>(call: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return call;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    call.then(resolve, reject);
  });
}
