import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../env.ts';

/** The folder for what is downloaded, built or compiled once per machine. */
export function cacheFolder({ cacheDir, xdgCacheHome }: Pick<Environment, 'cacheDir' | 'xdgCacheHome'>): string {
  return cacheDir ?? join(xdgCacheHome ?? join(homedir(), '.cache'), 'cloister');
}
