/**
 * Whom a test file has started, and who of them is left. Looked up in /proc again and again while the file runs, since a
 * process that was given a session of its own and then lost its parent can no longer be traced back. Linux only:
 * elsewhere a family has no members.
 */
import { readdirSync, readFileSync } from 'node:fs';

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly started: string;
  readonly state: string;
}

const SAMPLE_MS = 250;
const POLL_MS = 50;

/** The descendants of one process that leads its own session. */
export class Family {
  readonly #head: number;
  readonly #members = new Map<string, Entry>();

  /** One reading of /proc serves all families: with hundreds of processes it costs. */
  static readonly #watched = new Set<Family>();
  static #sampling: NodeJS.Timeout | undefined;

  /** Begins to watch; `leftOver` ends it. */
  constructor(head: number) {
    this.#head = head;
    Family.#watched.add(this);
    Family.#sampling ??= setInterval(() => {
      const now = entries();
      for (const family of Family.#watched) family.#take(now);
    }, SAMPLE_MS);
  }

  /** After the head has ended: who still lives after `withinMs`, with its command line. Those are killed. */
  async leftOver(withinMs: number): Promise<readonly string[]> {
    Family.#watched.delete(this);
    if (Family.#watched.size === 0) {
      clearInterval(Family.#sampling);
      Family.#sampling = undefined;
    }
    const limit = performance.now() + withinMs;
    while (this.#take(entries()).length > 0 && performance.now() < limit) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const left = this.#take(entries());
    const described = left.map(({ pid }) => `${pid} ${commandOf(pid)}`);
    for (const { pid } of left) kill(pid);
    return described;
  }

  #take(now: readonly Entry[]): readonly Entry[] {
    const alive = new Set(now.map(keyOf));
    for (const key of this.#members.keys()) if (!alive.has(key)) this.#members.delete(key);
    let grown = true;
    while (grown) grown = this.#grow(now);
    return [...this.#members.values()];
  }

  #grow(now: readonly Entry[]): boolean {
    const pids = new Set([this.#head, ...[...this.#members.values()].map(({ pid }) => pid)]);
    const sessions = new Set([this.#head, ...[...this.#members.values()].map(({ session }) => session)]);
    const found = now.filter((entry) => {
      const related = pids.has(entry.parent) || sessions.has(entry.session);
      return related && entry.pid !== this.#head && !this.#members.has(keyOf(entry));
    });
    for (const entry of found) this.#members.set(keyOf(entry), entry);
    return found.length > 0;
  }
}

function entries(): readonly Entry[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => entryOf(Number(name)) ?? []);
}

/** A process that has ended but was not yet waited for is no member. */
function entryOf(pid: number): Entry | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name, which may hold anything: state, parent, group, session, …, and the start time as the 22nd field.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state = '', parent = '', , session = ''] = fields;
    if (state === 'Z' || state === 'X') return null;
    return { pid, state, parent: Number(parent), session: Number(session), started: fields[19] ?? '' };
  } catch {
    return null;
  }
}

function keyOf({ pid, started }: Entry): string {
  return `${pid} ${started}`;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 200);
  } catch {
    return '(ended)';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
