import type { RunErrorCode, RunOutcome, RunRequest } from './contract.ts';
import type { Ended } from './message.ts';
import { type Obstacle, Wait } from './pool/wait.ts';
import { mapStack } from './stack.ts';
import { readThrown } from './thrown.ts';

/** A run as the pool sees it, from its request to its outcome, over as many cells as that takes. */
export class Job {
  readonly request: RunRequest;
  readonly outcome: Promise<RunOutcome>;
  /** To be run in a cell that nobody else uses, because one of several runs ended the last one. */
  alone = false;
  /** Times that a cell ended under this job without its fault. */
  restarts = 0;
  readonly #resolve: (outcome: RunOutcome) => void;
  readonly #reject: (error: Error) => void;
  readonly #since = performance.now();
  #settled = false;
  #wait: Wait | null = null;

  constructor(request: RunRequest) {
    this.request = request;
    const { promise, resolve, reject } = Promise.withResolvers<RunOutcome>();
    this.outcome = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** It waits for a place from now on. */
  enqueue(): void {
    this.#wait = new Wait(this.request.log);
  }

  /** This is what it waits on now. */
  hold(obstacle: Obstacle): void {
    this.#wait?.hold(obstacle);
  }

  /** Says in the run's log that it still waits, when that has been long. */
  lookAtWait(): void {
    this.#wait?.look();
  }

  /** It has its place. A wait that was longer than a moment is told in the run's log. */
  dequeue(): void {
    this.#wait?.end();
    this.#wait = null;
  }

  /** The outcome that the cell reported. */
  finish(ended: Ended, usage: RunOutcome['usage']): void {
    if (this.#settled) return;
    const stack = ended.ok || ended.stack === undefined ? undefined : mapStack(ended.stack, this.request.bundle);
    this.#settled = true;
    if (ended.ok) return void this.#resolve({ ok: true, output: ended.output, usage });
    const { code, message, thrownCode } = ended;
    const thrown = ended.thrown === undefined ? null : readThrown(ended.thrown, this.request.bundle);
    this.#resolve({
      ok: false,
      error: {
        code,
        message,
        ...(stack !== undefined && { stack }),
        ...(thrownCode !== undefined && { thrownCode }),
        ...(thrown && { thrown }),
      },
      usage,
    });
  }

  /** An outcome that the host decided. */
  fail(code: RunErrorCode, message: string, calls = 0): void {
    this.finish({ ok: false, code, message }, { cpuMs: 0, wallMs: performance.now() - this.#since, calls });
  }

  /** The host itself cannot run it: no script's doing. */
  abandon(error: Error): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#reject(error);
  }
}
