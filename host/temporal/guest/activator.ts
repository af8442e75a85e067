/**
 * The SDK's own state of a run, on either side of the wire: one object for each realm, under a global name. These parts of it are private to
 * the SDK; its version is pinned exactly, and the comparison with plain Temporal tells when one of them changes.
 */
import type { Activator } from '@temporalio/workflow/lib/internals.js';

type Private = 'knownPresentPatches' | 'knownFlags' | 'failQuery' | 'setRandomnessSeed';

/** What the interpreter uses of it. */
export type OpenActivator = Omit<Activator, Private> & {
  readonly knownPresentPatches: Set<string>;
  readonly knownFlags: Set<number>;
  failQuery(queryId: string, error: Error): void;
  setRandomnessSeed(seed: number[]): void;
};

/** Of the run that is being activated in this realm. */
export function activator(): OpenActivator {
  return (globalThis as unknown as { __TEMPORAL_ACTIVATOR__: OpenActivator }).__TEMPORAL_ACTIVATOR__;
}
