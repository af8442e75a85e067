/** The embedded stack: Temporal, FHIR and Supabase under one data folder, started side by side, ended in order. */

import { startFhirServer } from './embedded/fhir/index.ts';
import { startSupabase } from './embedded/supabase.ts';
import { connectOrStart } from './embedded/temporal.ts';
import type { Environment } from './env.ts';
import type { DataFolder } from './folder.ts';

/** What to start and where to tell about it. */
export interface StackOptions {
  readonly environment: Environment;
  readonly folder: DataFolder;
  /** A line for people about what takes time. */
  readonly progress: (text: string) => void;
  /** Leaves Temporal out: `exec` needs none. */
  readonly withoutTemporal?: boolean;
}

/** Addresses of what runs. `close` ends all of it. */
export interface Stack {
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    readonly uiUrl: string | null;
    /** Process id of the server; null when it is somebody else's. */
    readonly pid: number | null;
  } | null;
  /** Base URL, Aidbox style: `/fhir` and `/Organization/{id}/fhir` lie below it. */
  readonly fhirUrl: string;
  readonly supabase: {
    readonly url: string;
    readonly serviceRoleKey: string;
    readonly anonKey: string;
    readonly jwtSecret: string;
  };
  close(): Promise<void>;
}

/** Starts the stack. When a part does not start, the others are ended and the first reason is thrown. */
export async function startStack({ environment, folder, progress, withoutTemporal }: StackOptions): Promise<Stack> {
  const owned = new AsyncDisposableStack();
  const parts = await Promise.allSettled([
    withoutTemporal ? null : connectOrStart({ environment, dbFile: folder.file('temporal.db'), log: progress }),
    startFhirServer({ dbFile: folder.file('fhir.db') }),
    startSupabase({ dbFile: folder.file('supabase.db') }),
  ] as const);
  for (const part of parts) {
    const { value } = part as { value?: { close(): Promise<void> } | null };
    if (value) owned.defer(() => value.close());
  }
  const [temporal, fhir, supabase] = parts;
  if (temporal.status === 'fulfilled' && fhir.status === 'fulfilled' && supabase.status === 'fulfilled') {
    return {
      temporal: temporal.value,
      fhirUrl: fhir.value.url,
      supabase: supabase.value,
      close: () => owned.disposeAsync(),
    };
  }
  await owned.disposeAsync();
  throw parts.find((part) => part.status === 'rejected')?.reason;
}
