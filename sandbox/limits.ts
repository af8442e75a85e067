import type { Limits } from './contract.ts';

/** Limits of a run for which nobody set others. */
export const DEFAULT_LIMITS: Limits = Object.freeze({
  cpuMs: 1_000,
  wallMs: 30_000,
  heapMb: 128,
  rssMb: 512,
  calls: 1_000,
  inFlight: 10,
  argBytes: 1024 * 1024,
  resultBytes: 1024 * 1024,
  logLines: 1_000,
  concurrentRuns: 8,
});

/** Deepest nesting of JSON that crosses the bridge in either direction. */
export const MAX_DEPTH = 256;

/**
 * Most values in one JSON text that crosses the bridge, and in one frame. What is large should be texts: what a reader does for
 * each of millions of values would hold its thread for seconds, and with the host's thread everybody.
 */
export const MAX_VALUES = 100_000;

/** Longest log line, characters. */
export const LOG_LINE_CHARS = 8 * 1024;

/** Longest error text that leaves a script, characters. */
export const MESSAGE_CHARS = 2 * 1024;

/** Longest stack that leaves a script, characters. */
export const STACK_CHARS = 16 * 1024;

/** Largest answer of a capability, bytes. */
export const ANSWER_BYTES = 4 * 1024 * 1024;

/** Longest details of an error that leave an activity, characters of JSON. */
export const DETAILS_CHARS = 256 * 1024;

/** Longest text of all that an activity threw, characters of JSON. */
export const THROWN_CHARS = 1024 * 1024;

/** Errors of which one is the cause of the other, that leave an activity. */
export const MAX_CAUSES = 8;

/** How often heartbeats of a script leave its cell, milliseconds. */
export const BEAT_MS = 100;
