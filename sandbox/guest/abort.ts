import type { Timers } from './timers.ts';

type Listener = ((event: GuestEvent) => void) | { handleEvent(event: GuestEvent): void };

class GuestEvent {
  readonly type: string;
  target: unknown = null;

  constructor(type: string) {
    this.type = `${type}`;
  }
}

/** The part of the DOM's event targets that abort signals need. */
class GuestEventTarget {
  readonly #listeners: { type: string; listener: Listener; once: boolean }[] = [];

  addEventListener(type: string, listener: Listener, options?: boolean | { once?: boolean }): void {
    if (!listener || this.#listeners.some((entry) => entry.type === type && entry.listener === listener)) return;
    this.#listeners.push({ type, listener, once: typeof options === 'object' && options.once === true });
  }

  removeEventListener(type: string, listener: Listener): void {
    const at = this.#listeners.findIndex((entry) => entry.type === type && entry.listener === listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }

  dispatchEvent(event: GuestEvent): boolean {
    event.target = this;
    for (const entry of [...this.#listeners]) {
      if (entry.type !== event.type) continue;
      if (entry.once) this.removeEventListener(entry.type, entry.listener);
      if (typeof entry.listener === 'function') entry.listener.call(this, event);
      else entry.listener.handleEvent(event);
    }
    return true;
  }
}

let abort: (signal: GuestAbortSignal, reason: unknown) => void;

class GuestAbortSignal extends GuestEventTarget {
  #aborted = false;
  #reason: unknown = undefined;
  onabort: ((event: GuestEvent) => void) | null = null;

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

  static abort(reason?: unknown): GuestAbortSignal {
    const signal = new GuestAbortSignal();
    signal.#abort(reason);
    return signal;
  }

  static any(signals: Iterable<GuestAbortSignal>): GuestAbortSignal {
    const any = new GuestAbortSignal();
    for (const signal of signals) {
      if (signal.aborted) any.#abort(signal.reason);
      else signal.addEventListener('abort', () => any.#abort(signal.reason), { once: true });
    }
    return any;
  }

  #abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;
    const event = new GuestEvent('abort');
    event.target = this;
    this.onabort?.(event);
    this.dispatchEvent(event);
  }
}

class GuestAbortController {
  readonly signal = new GuestAbortSignal();

  abort(reason?: unknown): void {
    abort(this.signal, reason);
  }
}

/** `AbortController`, `AbortSignal` and the events they need, on the run's timers. */
export function createAbort(timers: Timers): Record<string, unknown> {
  const timeout = (ms: number): GuestAbortSignal => {
    const signal = new GuestAbortSignal();
    const end = () => abort(signal, new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    timers.set(end, ms, [], false);
    return signal;
  };
  Object.defineProperty(GuestAbortSignal, 'timeout', { value: timeout, writable: true, configurable: true });
  const globals = {
    AbortController: GuestAbortController,
    AbortSignal: GuestAbortSignal,
    Event: GuestEvent,
    EventTarget: GuestEventTarget,
  };
  for (const [name, value] of Object.entries(globals)) Object.defineProperty(value, 'name', { value: name });
  return globals;
}
