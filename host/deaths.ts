/** Whose fault the end of a cell was: the sandbox tells the end and the run's outcome apart, but within one turn. */
import type { SandboxEvent } from '../sandbox/index.ts';
import type { FailureCode } from './codes.ts';

/**
 * Remembers, to the end of a turn of the event loop, which cells have ended and why. A run that is blamed for the end of its
 * cell fails within the same turn, with the code that goes with the reason; its innocent neighbours do not fail at all.
 */
export class Deaths {
  readonly #reasons = new Map<string, string>();

  /** Takes what the sandbox tells. */
  note(event: SandboxEvent): void {
    if (event.event !== 'cell.killed') return;
    this.#reasons.set(event.cell, event.reason);
    setImmediate(() => this.#reasons.delete(event.cell));
  }

  /** Whether a run that just failed with this code ended its cell. To be asked as soon as its outcome is known. */
  blames(cell: string, code: FailureCode): boolean {
    const reason = this.#reasons.get(cell);
    return reason !== undefined && codesOf(reason).includes(code);
  }
}

function codesOf(reason: string): readonly FailureCode[] {
  if (reason === 'memory' || reason === 'kernel') return ['SCRIPT_MEMORY'];
  if (reason === 'stuck') return ['SCRIPT_WALL'];
  return reason === 'catastrophe' ? ['SCRIPT_MEMORY', 'SCRIPT_KILLED'] : ['SCRIPT_KILLED'];
}
