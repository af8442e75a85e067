/** `AbortController` as workflow code finds it under Temporal: the part of the DOM that its signals need. */

type Handler = (event: AbortEvent) => unknown;
type Listener = Handler | { handleEvent(event: AbortEvent): unknown };

interface AbortEvent {
  readonly type: 'abort';
  readonly target: Signal;
}

let abort: (signal: Signal, reason: unknown) => void;

class Signal {
  readonly #listeners = new Map<Listener, { readonly once: boolean }>();
  #aborted = false;
  #reason: unknown = undefined;
  onabort: Handler | null = null;

  static {
    abort = (signal, reason) => signal.#abort(reason);
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  addEventListener(type: string, listener: Listener | null, options?: boolean | { readonly once?: boolean }): void {
    if (type !== 'abort' || !listener || this.#listeners.has(listener)) return;
    this.#listeners.set(listener, { once: typeof options === 'object' && options.once === true });
  }

  removeEventListener(type: string, listener: Listener | null): void {
    if (type === 'abort' && listener) this.#listeners.delete(listener);
  }

  #abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason === undefined ? abortError() : reason;
    const event: AbortEvent = { type: 'abort', target: this };
    this.onabort?.(event);
    for (const [listener, { once }] of [...this.#listeners]) {
      if (once) this.#listeners.delete(listener);
      if (typeof listener === 'function') listener.call(this, event);
      else listener.handleEvent(event);
    }
  }
}

function abortError(): Error {
  const error = new Error('This operation was aborted');
  error.name = 'AbortError';
  return error;
}

/** Aborts its signal, once. */
export class AbortController {
  readonly signal = new Signal();

  abort(reason?: unknown): void {
    abort(this.signal, reason);
  }
}
