import { mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { StoreError } from './error.ts';
import {
  type CellKill,
  type KillCount,
  type NewQuarantine,
  type Quarantine,
  type QuarantineQuery,
  type QuarantineStore,
  quarantineId,
} from './quarantine.ts';

type Entry =
  | { readonly kill: CellKill; readonly epoch: number }
  | { readonly quarantine: Quarantine }
  | { readonly release: string; readonly at: string; readonly by: string };

/**
 * A `QuarantineStore` in one file of JSON lines, for a host without a database. Each line is on the disk before the call that
 * wrote it resolves; a line that a crash cut off is left out. One process per file: the host holds the folder it lies in.
 */
export function createQuarantineJournal(file: string): QuarantineStore {
  return new Journal(file);
}

class Journal implements QuarantineStore {
  readonly #file: string;
  readonly #kills = new Map<string, { readonly kill: CellKill; readonly epoch: number }>();
  readonly #quarantines = new Map<string, Quarantine>();
  #reading: Promise<void> | null = null;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  async latestQuarantine(tenant: string | null, version: string): Promise<Quarantine | null> {
    await this.#read();
    const own = [...this.#quarantines.values()].filter((each) => each.tenant === tenant && each.version === version);
    return own.sort((a, b) => b.epoch - a.epoch)[0] ?? null;
  }

  addKill(kill: CellKill, epoch: number): Promise<void> {
    return this.#change(async () => {
      if (!this.#kills.has(kill.id)) await this.#write({ kill, epoch });
    });
  }

  async countKills({ tenant, version, epoch, since, atMost }: KillCount): Promise<number> {
    await this.#read();
    const own = [...this.#kills.values()].filter(
      ({ kill, epoch: of }) => of === epoch && kill.tenant === tenant && kill.version === version && kill.time >= since,
    );
    return Math.min(own.length, atMost);
  }

  addQuarantine(wanted: NewQuarantine): Promise<Quarantine | null> {
    const quarantine = { id: quarantineId(wanted), ...wanted, releasedAt: null, releasedBy: null };
    return this.#change(async () => {
      if (this.#quarantines.has(quarantine.id)) return null;
      await this.#write({ quarantine });
      return quarantine;
    });
  }

  async listQuarantines({ standing, tenant, atMost }: QuarantineQuery): Promise<readonly Quarantine[]> {
    await this.#read();
    const found = [...this.#quarantines.values()].filter(
      (each) => (each.releasedAt === null) === standing && (tenant === undefined || each.tenant === tenant),
    );
    return found.sort((a, b) => b.since.localeCompare(a.since)).slice(0, atMost);
  }

  releaseQuarantine(id: string, { at, by }: { readonly at: string; readonly by: string }) {
    return this.#change(async () => {
      const found = this.#quarantines.get(id);
      if (found === undefined) return null;
      const released = found.releasedAt === null;
      if (released) await this.#write({ release: id, at, by });
      return { quarantine: this.#quarantines.get(id) ?? found, released };
    });
  }

  /** One change after the other: what it looked at is still so when it writes. */
  #change<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#writing.then(async () => {
      await this.#read();
      return work();
    });
    this.#writing = next.catch(() => undefined);
    return next;
  }

  async #write(entry: Entry): Promise<void> {
    try {
      await mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 });
      await using handle = await open(this.#file, 'a', 0o600);
      // The first line break ends a line that a crash may have cut off.
      await handle.writeFile(`\n${JSON.stringify(entry)}\n`);
      await handle.sync();
    } catch (error) {
      throw unavailable(error);
    }
    this.#apply(entry);
  }

  #read(): Promise<void> {
    this.#reading ??= this.#load().catch((error: unknown) => {
      this.#reading = null;
      throw unavailable(error);
    });
    return this.#reading;
  }

  async #load(): Promise<void> {
    for (const line of (await readIfThere(this.#file)).split('\n')) {
      const entry = line === '' ? null : parse(line);
      if (entry) this.#apply(entry);
    }
  }

  #apply(entry: Entry): void {
    if ('kill' in entry) this.#kills.set(entry.kill.id, entry);
    else if ('quarantine' in entry) this.#quarantines.set(entry.quarantine.id, entry.quarantine);
    else {
      const found = this.#quarantines.get(entry.release);
      if (found) this.#quarantines.set(found.id, { ...found, releasedAt: entry.at, releasedBy: entry.by });
    }
  }
}

/** Lines are our own, of a folder of our own: whole lines are believed. */
function parse(line: string): Entry | null {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return null;
  }
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

function unavailable(error: unknown): StoreError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'nothing known';
  return new StoreError('STORE_UNAVAILABLE', `quarantine journal: the disk answered ${code}`);
}
