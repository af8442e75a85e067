/** A case: what a client does, on either side alike, and what is compared of it. */
import type { Pilot } from './pilot.ts';
import type { Answer, Told } from './run.ts';

/** One line that a workflow logged. */
export interface Line {
  readonly level: string;
  readonly message: string;
  readonly attributes: unknown;
}

/** What was seen of a case on one side. */
export interface Seen {
  readonly answers: readonly Answer[];
  readonly runs: readonly Told[];
  readonly lines: readonly Line[];
}

/** A case. `group` is the set of workflows that it belongs to; each is served by a queue of its own. */
export interface Case {
  /** The sample or topic it belongs to: a row of the table in the documentation. */
  readonly of: string;
  readonly name: string;
  readonly group: string;
  drive(pilot: Pilot): Promise<void>;
  /** Where the sides differ by intention: judges them instead of the comparison. */
  judge?(plain: Seen, guest: Seen): void;
}

/** Workflow modules that are served together; their types do not clash. */
export interface Group {
  readonly name: string;
  /** Paths relative to the folder of the sources. */
  readonly workflows: readonly string[];
}

/** Activities by name. */
export type Activities = Readonly<Record<string, (...args: never[]) => unknown>>;
