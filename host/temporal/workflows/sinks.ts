/** What a run tells its host beside its history: for traces and figures, at the moment only, and nothing that counts on it. */
import type { Sinks } from '@temporalio/workflow';

/** The host's side is `RunWatch`. Not called in a replay. */
export interface RunSinks extends Sinks {
  run: {
    started(trigger: string): void;
    /** `code` is null for a completed run; `trace` is the data of the header that the run was started with. */
    closed(code: string | null, trace: Uint8Array | null): void;
  };
}
