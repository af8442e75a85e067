/*
 * A lock between processes: a file that its holder touches while it works. A holder that died stops touching it, so
 * nothing has to be cleaned up by hand, and no process id has to mean the same in two containers that share a folder.
 */
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const TOUCH_MS = 2000;
const STALE_MS = 10_000;
const POLL_MS = 300;
const SETTLE_MS = 200;

/**
 * Runs `work` while holding `file` (its folder must exist) and resolves to what it returned. Waits for another holder as
 * long as that one lives; `onWait` is called once when it has to. The lock is given back when `work` fails too.
 */
export async function withLock(file, work, onWait = () => {}) {
  const token = randomUUID();
  await acquire(file, token, onWait);
  const touching = setInterval(() => utimes(file, new Date(), new Date()).catch(() => {}), TOUCH_MS);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    if ((await holderOf(file)) === token) await rm(file, { force: true });
  }
}

async function acquire(file, token, onWait) {
  let waited = false;
  while (!(await create(file, token)) && !((await isStale(file)) && (await takeOver(file, token)))) {
    if (!waited) onWait();
    waited = true;
    await sleep(POLL_MS);
  }
}

async function create(file, token) {
  return writeFile(file, token, { flag: 'wx' }).then(
    () => true,
    (error) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
}

async function isStale(file) {
  const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Date.now() }));
  return Date.now() - mtimeMs > STALE_MS;
}

/** Several waiters may find it stale at once: each puts its token there, and the last one to do so holds it. */
async function takeOver(file, token) {
  const mine = `${file}.${token}`;
  await writeFile(mine, token);
  await rename(mine, file);
  await sleep(SETTLE_MS);
  return (await holderOf(file)) === token;
}

function holderOf(file) {
  return readFile(file, 'utf8').catch(() => null);
}
