/** The contract between the fuzzer and what it fuzzes. */
import type { Random } from './random.ts';

/** What is tried at once: texts, whose meaning is the target's. Plain data, so that a finding can be kept as JSON. */
export interface Input {
  /** Word under which it is counted, and which may tell the target how to read the parts. */
  readonly kind: string;
  readonly parts: readonly string[];
}

/** A target, open. One attempt after the other. */
export interface Bench extends AsyncDisposable {
  /** Makes an input out of random choices alone: the same choices give the same input. */
  make(random: Random): Input;
  /** Tries an input. Resolves to what is wrong, empty when nothing is; a rejection counts as a fault as well. */
  attempt(input: Input): Promise<readonly string[]>;
  /** Words on what came of the attempts since the last call, to be counted: how runs ended, statuses. */
  takeNotes?(): readonly string[];
}

/** Something to fuzz. */
export interface Target {
  readonly name: string;
  open(): Promise<Bench>;
}
