/*
 * Node keeps what it compiles: half of a start is stripping types and compiling. Plain JavaScript, since the first TypeScript that
 * is read without it loads the whole of the stripper.
 */
import module from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * For modules that are loaded from now on, in the folder that host/env/cache.ts knows. One that `NODE_COMPILE_CACHE` names stays;
 * one that cannot be written is no error.
 */
export function keepCompiled({ CLOISTER_CACHE_DIR, XDG_CACHE_HOME }) {
  if (module.getCompileCacheDir() !== undefined) return;
  const cache = CLOISTER_CACHE_DIR || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'cloister');
  module.enableCompileCache(join(cache, 'compiled'));
}

/** Environment for a child process of Node that is to use the same folder; empty when there is none. */
export function compiledEnvironment() {
  const folder = module.getCompileCacheDir();
  // Node appends its own version to what it was given.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}
