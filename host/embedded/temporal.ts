/** The embedded Temporal: somebody's server where one answers, else one of our own. The door to `temporal/`. */
import { cacheFolder } from '../env/cache.ts';
import type { Environment } from '../env.ts';
import { findTemporal, TemporalMissingError } from './temporal/find.ts';
import { answers, startTemporal, type Temporal, type TemporalOptions } from './temporal/server.ts';

export { ensureAttributes, SEARCH_ATTRIBUTES } from './temporal/attributes.ts';
export { answers, findTemporal, startTemporal, type Temporal, TemporalMissingError, type TemporalOptions };

/** What `connectOrStart` needs: the variables, the server's options but its program, and a place for progress. */
export type ConnectOrStartOptions = Omit<TemporalOptions, 'binary' | 'namespace'> & {
  readonly environment: Pick<
    Environment,
    'temporalAddress' | 'temporalNamespace' | 'temporalCliPath' | 'cacheDir' | 'xdgCacheHome'
  >;
  readonly log: (line: string) => void;
};

const ANSWER_LIMIT_MS = 3000;

/**
 * Uses the server at `TEMPORAL_ADDRESS` when it answers within 3 s (`pid` and `uiUrl` are then null, and `close` leaves
 * it alone), else finds the program and starts one. Rejects as `findTemporal` and `startTemporal` do.
 */
export async function connectOrStart({ environment, log, ...options }: ConnectOrStartOptions): Promise<Temporal> {
  const { temporalAddress: address, temporalNamespace: namespace } = environment;
  if (address !== null) {
    if (await answers(address, ANSWER_LIMIT_MS)) {
      return { address, uiUrl: null, namespace, pid: null, close: () => Promise.resolve() };
    }
    log(`no Temporal server answers at TEMPORAL_ADDRESS ${address}; starting one`);
  }
  const cliPath = environment.temporalCliPath;
  const binary = await findTemporal({ cliPath, cacheDir: cacheFolder(environment), log });
  return startTemporal({ ...options, binary, namespace });
}
