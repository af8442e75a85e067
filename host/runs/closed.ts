/** Views of closed runs, kept while they are looked at: a history that is closed never changes. */
import type { RunView } from './view.ts';

/** Characters of JSON that are kept in all, and of one view. */
const MOST_CHARACTERS = 32 * 1024 * 1024;
const LONGEST = 4 * 1024 * 1024;

/** A bounded memory; what was not looked at for longest goes first. */
export class ClosedRuns {
  readonly #views = new Map<string, { readonly view: RunView; readonly size: number }>();
  #size = 0;

  /** Without what the resource says. Null: not here. */
  get(runId: string): RunView | null {
    const found = this.#views.get(runId);
    if (!found) return null;
    this.#views.delete(runId);
    this.#views.set(runId, found);
    return found.view;
  }

  /** Keeps the view of a closed run; that of an open one is left out. */
  keep(view: RunView): void {
    if (view.status === 'in-progress' || this.#views.has(view.runId)) return;
    const size = JSON.stringify(view).length;
    if (size > LONGEST) return;
    this.#views.set(view.runId, { view, size });
    this.#size += size;
    for (const [runId, oldest] of this.#views) {
      if (this.#size <= MOST_CHARACTERS) return;
      this.#views.delete(runId);
      this.#size -= oldest.size;
    }
  }
}
