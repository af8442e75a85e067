/** Whose fault the end of a cell was. The sandbox names the run; the end may come a moment after that run's outcome. */
import type { SandboxEvent } from '../sandbox/index.ts';

/** Called once when a script has ended its cell, with the code of its failure; `SCRIPT_KILLED` where it has not failed. */
export type OnKill = (code: string) => void;

/** A run, and which of its activities. */
export interface SuspectOf {
  readonly id: string;
  readonly activity: string;
}

interface Suspect {
  readonly cell: string;
  readonly of: SuspectOf;
  readonly onKill: OnKill;
  /** Code of the failure; null for none, or none yet. */
  code: string | null;
  endedAt: number | null;
}

/**
 * For how long after its outcome a run may still be blamed, milliseconds. A script in native code is told that its time is up
 * and does not hear it: its cell is killed a second or so later.
 */
const LEAVING_MS = 10_000;

/** Knows the scripts that are in a cell, or were a moment ago. */
export class Deaths {
  readonly #suspects = new Set<Suspect>();

  /** A script is about to run. Call what this returns, with the code of its failure or null, as soon as it is over. */
  enter(cell: string, { id, activity }: SuspectOf, onKill: OnKill): (code: string | null) => void {
    const suspect: Suspect = { cell, of: { id, activity }, onKill, code: null, endedAt: null };
    this.#suspects.add(suspect);
    return (code) => {
      suspect.code = code;
      suspect.endedAt = performance.now();
      setTimeout(() => this.#suspects.delete(suspect), LEAVING_MS).unref();
    };
  }

  /** Takes what the sandbox tells. */
  note(event: SandboxEvent): void {
    if (event.event !== 'cell.killed' || event.run === null || event.activity === null) return;
    const { cell, run: id, activity } = event;
    // A turn later the outcome is known, where it was this that decided it.
    setImmediate(() => this.#blame(cell, { id, activity }));
  }

  /** Attempts of one activity may be in a cell together: it was the last of them to fail, or else to end. */
  #blame(cell: string, { id, activity }: SuspectOf): void {
    const [guilty] = [...this.#suspects]
      .filter((each) => each.cell === cell && each.of.id === id && each.of.activity === activity)
      .sort((a, b) => rank(b) - rank(a) || (b.endedAt ?? 0) - (a.endedAt ?? 0));
    if (!guilty) return;
    this.#suspects.delete(guilty);
    guilty.onKill(guilty.code ?? 'SCRIPT_KILLED');
  }
}

const rank = ({ code, endedAt }: Suspect): number => (code !== null ? 2 : endedAt !== null ? 1 : 0);
