/** Whether the FHIR server keeps tenants apart: shown by a probe, not believed. */
import type { Logger } from 'pino';

/** What a probe finds; `asked` is false when the server did not answer, which shows nothing. */
export interface Probe {
  readonly ok: boolean;
  readonly asked: boolean;
  readonly reason: string | null;
}

const AGAIN_MS = 5000;

/** Runs of tenants wait for a probe that succeeded. A server that does not answer is asked again, every five seconds at most. */
export class TenantSeparation {
  readonly #probe: () => Promise<Probe>;
  readonly #log: Logger;
  #found: { readonly refusal: string | null } | undefined;
  #asking: Promise<void> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(probe: () => Promise<Probe>, log: Logger) {
    this.#probe = probe;
    this.#log = log;
  }

  /** Why runs of tenants are refused; null when they are not; `unknown` while the server does not answer. */
  async refusal(): Promise<string | null | 'unknown'> {
    if (!this.#found && (this.#asking || performance.now() - this.#askedAt > AGAIN_MS)) {
      this.#asking ??= this.#ask().finally(() => {
        this.#asking = undefined;
      });
      await this.#asking;
    }
    return this.#found ? this.#found.refusal : 'unknown';
  }

  async #ask(): Promise<void> {
    const { ok, asked, reason } = await this.#probe();
    this.#askedAt = performance.now();
    if (!ok) this.#log.warn({ reason }, 'runs of tenants are refused: the FHIR server was not seen to separate them');
    if (asked) this.#found = { refusal: ok ? null : `runs of tenants are refused here: ${reason}` };
  }
}
