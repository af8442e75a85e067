import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { type CodeKind, type CodeStore, checkDigest, checkOffer, checkStored } from './code.ts';

/** A `CodeStore` in a folder, for hosts without a database: `<dir>/<digest>.<kind>`. The folder is made when missing. */
export function createFileStore(dir: string): CodeStore {
  const fileOf = (digest: string, kind: CodeKind) => path.join(dir, `${digest}.${kind}`);
  return {
    async putCode(digest, kind, body) {
      checkOffer(digest, kind, body);
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await replaceFile(fileOf(digest, kind), body);
    },

    async getCode(digest) {
      checkDigest(digest);
      for (const kind of ['bundle', 'plan'] as const) {
        const body = await ifThere(readFile(fileOf(digest, kind), 'utf8'));
        if (body !== null) return checkStored(digest, { kind, body });
      }
      return null;
    },

    async touchCode(digest) {
      checkDigest(digest);
      const now = new Date();
      for (const kind of ['bundle', 'plan'] as const) await ifThere(utimes(fileOf(digest, kind), now, now));
    },

    async removeCode(unusedSince) {
      const since = Date.parse(unusedSince);
      let removed = 0;
      for (const name of (await ifThere(readdir(dir))) ?? []) {
        if (!/^[0-9a-f]{64}\.(?:bundle|plan)$/.test(name)) continue;
        const found = await ifThere(stat(path.join(dir, name)));
        if (found === null || found.mtimeMs >= since) continue;
        await rm(path.join(dir, name), { force: true });
        removed += 1;
      }
      return removed;
    },
  };
}

/** Readers see the old file or the whole new one, also after a crash half-way. */
async function replaceFile(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomUUID()}.tmp`;
  try {
    await using handle = await open(draft, 'wx', 0o600);
    await handle.writeFile(text);
    await handle.sync();
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function ifThere<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
