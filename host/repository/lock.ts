/** One change of the repository at a time, over all hosts that share its folders. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '../error.ts';

const ASK_MS = 50;
const SQLITE_BUSY = 5;
/** A first clone or an installation may take minutes. */
const PATIENCE_MS = 15 * 60_000;

/**
 * Does `work` while nobody else does such work over the same folder. An open transaction is the lock: the kernel lifts it when
 * its holder dies, kill -9 included. Throws `GIT_FAILED` when it is not free within a quarter of an hour.
 */
export async function alone<T>(dir: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dir, { recursive: true });
  const lock = new DatabaseSync(join(dir, '.lock'), { timeout: 0 });
  try {
    const last = performance.now() + PATIENCE_MS;
    while (!take(lock)) {
      if (performance.now() > last) throw new ApiError('GIT_FAILED', 'another host is changing the repository');
      await sleep(ASK_MS);
    }
    return await work();
  } finally {
    lock.close();
  }
}

function take(lock: DatabaseSync): boolean {
  try {
    lock.exec('begin exclusive');
    return true;
  } catch (error) {
    if ((error as { errcode?: unknown }).errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
