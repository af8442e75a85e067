/** What a row of the calls' part is made of. */
import type { Competitors } from './competitors.ts';
import type { Subject } from './subject.ts';

/** One way to call a function. Nothing runs before `open`. */
export interface Contender {
  /** As the table says it: what is new in every call, and what is kept. */
  readonly name: string;
  /** Calls of one round: fewer where one takes longer. */
  readonly calls: number;
  /** Milliseconds between two calls; absent: none. */
  readonly gapMs?: number;
  /** Rejects with `NotAvailable` when this machine cannot have it. */
  open(subject: Subject, competitors: Competitors): Promise<Opened>;
}

/** A contender that is ready. Calls never overlap. */
export interface Opened {
  /** JSON text in, JSON text out; timed from the call to the answer. */
  call(input: string): Promise<string> | string;
  /** Clears away what the last call left (a process, a thread). Not timed. */
  tidy?(): Promise<void>;
  /** Milliseconds that its starts took, where that is a figure of its own. */
  readonly startMs?: readonly number[];
  close(): Promise<void>;
}

/** This machine cannot have the contender; the message says why. */
export class NotAvailable extends Error {
  override readonly name = 'NotAvailable';
}
