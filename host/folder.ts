/** The data folder `.cloister/`: everything a host with embedded parts keeps, used by one host at a time. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What the host in a data folder tells other commands about itself. */
export interface HostNote {
  readonly pid: number;
  /** Base URL of its API. */
  readonly url: string;
  /** Absolute path of its project. */
  readonly project: string;
  /** False for a host that ends with the one run it was started for. */
  readonly lasting: boolean;
  /** Address of its embedded database; absent: it has none, or is of an older version. */
  readonly supabase?: string;
}

/** A data folder that this process holds. `close` gives it back; so does the end of the process, however it ends. */
export interface DataFolder {
  readonly path: string;
  file(name: string): string;
  announce(note: Omit<HostNote, 'pid'>): Promise<void>;
  close(): Promise<void>;
}

/** The folder is held by another host. */
export class FolderInUse extends Error {
  readonly note: HostNote | null;

  constructor(path: string, note: HostNote | null) {
    const holder = note ? `the host at ${note.url} (process ${note.pid})` : 'another host that is starting';
    super(`the data folder ${path} is in use by ${holder}`);
    this.name = 'FolderInUse';
    this.note = note;
  }
}

const NOTE = 'host.json';
const SQLITE_BUSY = 5;

/** Opens the folder, making it if need be. Rejects with `FolderInUse`. */
export async function openDataFolder(dir: string): Promise<DataFolder> {
  const path = resolve(dir);
  const file = (name: string): string => join(path, name);
  await mkdir(path, { recursive: true });
  // The folder may lie inside the project's own repository, which it must not make dirty.
  await writeFile(file('.gitignore'), '*\n');
  const lock = hold(file('lock.db'));
  if (!lock) throw new FolderInUse(path, await readNote(file(NOTE)));
  // A holder that was killed left its note behind.
  await rm(file(NOTE), { force: true });
  return {
    path,
    file,
    announce: (note) => writeFile(file(NOTE), JSON.stringify({ pid: process.pid, ...note })),
    close: async () => {
      await rm(file(NOTE), { force: true });
      lock.close();
    },
  };
}

/** An open transaction is a lock that the kernel lifts when its holder dies, kill -9 included. */
function hold(file: string): DatabaseSync | null {
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec('begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    if ((error as { errcode?: unknown }).errcode === SQLITE_BUSY) return null;
    throw error;
  }
}

async function readNote(file: string): Promise<HostNote | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as HostNote;
  } catch {
    return null;
  }
}
