/**
 * Keeps the processor free for others: a key that burns CPU time beyond its credit goes on at a low priority of the operating
 * system. It then has what nobody else wants, which on a quiet machine is everything. A burst is free; a hundred scripts of
 * one tenant that spin at once cost the others little. Where the CPU time of a process cannot be read (other systems than
 * Linux), all cells keep their priority.
 */
import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { isRunnable, readCpuMs } from './cpu.ts';

/** CPU time that a key may burn in one go, milliseconds. */
const CREDIT_MS = 100;

/** How much of it comes back, milliseconds per millisecond. */
const REFILL = 0.25;

/** Of the threads on which scripts run: a step of 15 is about 1 : 28 against a thread of the host. */
const SCRIPTS_NICE = 15;

/** Of the cell's main thread, which keeps the limits of its runs and must not come too late for that. */
const MAIN_NICE = 5;

/** Weight of the newest look in the mean number of threads that burn. */
const NEWEST = 0.3;

/** What a run counts for from its start to the next look: most do not burn. */
const BEGUN = 0.5;

/** CPU credit of one key. It outlives its cells: a script that has its cell killed gains nothing by it. */
export class CpuCredit {
  #ms = CREDIT_MS;
  #at = performance.now();
  #isSpent = false;

  /** From the moment it was used up until all of it has come back. */
  get isSpent(): boolean {
    this.spend(0);
    return this.#isSpent;
  }

  /** Takes CPU time off. What was burnt at the cost of nobody need not be paid back for long. */
  spend(ms: number): void {
    const now = performance.now();
    const left = this.#ms + (now - this.#at) * REFILL - ms;
    this.#ms = Math.max(-CREDIT_MS, Math.min(CREDIT_MS, left));
    this.#at = now;
    if (this.#ms < 0) this.#isSpent = true;
    if (this.#ms === CREDIT_MS) this.#isSpent = false;
  }
}

/** The priority of one cell's process. Safe to use after its end. */
export class Priority {
  readonly #pid: number;
  readonly #usual = getPriority();
  #cpuMs = 0;
  #isLow = false;
  #isStuck = false;
  #burning = 0;
  #begun = 0;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Whether it is low now. */
  get isLow(): boolean {
    return this.#isLow;
  }

  /** Threads that burn CPU time, or would if they got any, of late; 0 while the priority is not low. */
  get burning(): number {
    return this.#isLow ? this.#burning + this.#begun * BEGUN : 0;
  }

  /** A run has begun. */
  count(): void {
    this.#begun++;
  }

  /** It should be raised again and the system does not let us: the cell is worth replacing. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** From now on the cell's CPU time is its key's; what made it ready was not. */
  begin(credit: CpuCredit): void {
    this.#cpuMs = readCpuMs(this.#pid) ?? 0;
    if (credit.isSpent) this.#lower();
  }

  /** Takes what the cell has burnt since the last look off the credit, and sets the priority after it. */
  look(credit: CpuCredit): void {
    const cpuMs = readCpuMs(this.#pid);
    if (cpuMs === null) return;
    credit.spend(cpuMs - this.#cpuMs);
    this.#cpuMs = cpuMs;
    this.#begun = 0;
    if (credit.isSpent) this.#lower();
    else if (this.#isLow) this.#raise();
  }

  /** Again at each look: threads come and go, and each has a priority of its own. */
  #lower(): void {
    let burning = 0;
    for (const thread of this.#threads()) {
      const isMain = thread === this.#pid;
      this.#set(thread, isMain ? MAIN_NICE : SCRIPTS_NICE);
      if (!isMain && isRunnable(this.#pid, thread)) burning++;
    }
    this.#burning = this.#isLow ? this.#burning + (burning - this.#burning) * NEWEST : burning;
    this.#isLow = true;
  }

  /** Only a privileged host may do that. */
  #raise(): void {
    const raised = this.#threads().map((thread) => this.#set(thread, 0));
    this.#isStuck = raised.includes(false);
    this.#isLow = this.#isStuck;
  }

  /** False when the system forbids it. */
  #set(thread: number, nice: number): boolean {
    try {
      setPriority(thread, Math.min(19, this.#usual + nice));
      return true;
    } catch (error) {
      return !isForbidden(error);
    }
  }

  #threads(): number[] {
    try {
      return readdirSync(`/proc/${this.#pid}/task`).map(Number);
    } catch {
      return [];
    }
  }
}

/** As against a thread that has ended meanwhile. */
function isForbidden(error: unknown): boolean {
  const info = error instanceof Error && 'info' in error ? (error.info as { code?: unknown }) : null;
  return info?.code === 'EACCES' || info?.code === 'EPERM';
}
