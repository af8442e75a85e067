import { CodeOwner } from './compiler.ts';
import type { Snapshot } from './snapshot.ts';

/** Snapshots of one project: who asks gets one that is begun after it asked, shared with all who asked in the meantime. */
export class Latest {
  readonly owner = new CodeOwner();
  #running: Promise<unknown> | null = null;
  #next: Promise<Snapshot> | null = null;

  /** `work` takes a snapshot. */
  take(work: () => Promise<Snapshot>): Promise<Snapshot> {
    if (this.#running === null) return this.#run(work);
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.#run(work);
    });
    return this.#next;
  }

  #run(work: () => Promise<Snapshot>): Promise<Snapshot> {
    const taken = work();
    const running = taken.then(
      () => undefined,
      () => undefined,
    );
    this.#running = running;
    void running.then(() => {
      if (this.#running === running) this.#running = null;
    });
    return taken;
  }
}
