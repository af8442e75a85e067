/** Memory and CPU of the host's process, and of its cells together. */
import { readFile } from 'node:fs/promises';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Load } from '../api/health.ts';

const MIB = 2 ** 20;
/** Linux tells times in hundredths of a second, whatever the machine. */
const TICKS = 100;

/** Shows them in a registry. Call it once. CPU of cells is there on Linux only. */
export function showProcesses(registry: Registry, load: () => Load): void {
  const registers = [registry];
  const cells = new CellTimes();
  new Gauge({
    name: 'cloister_process_memory_bytes',
    help: 'Resident memory of the host and of all cells.',
    labelNames: ['process'],
    registers,
    collect() {
      this.set({ process: 'host' }, process.memoryUsage.rss());
      const sum = load().sandbox.cells.reduce((total, { rssMb }) => total + rssMb, 0);
      this.set({ process: 'cells' }, Math.round(sum * MIB));
    },
  });
  new Counter({
    name: 'cloister_process_cpu_seconds_total',
    help: 'CPU time of the host and of all cells, those included that have ended.',
    labelNames: ['process'],
    registers,
    async collect() {
      const { user, system } = process.cpuUsage();
      const burnt = await cells.seconds(load().sandbox.cells.map(({ pid }) => pid));
      this.reset();
      this.inc({ process: 'host' }, (user + system) / 1e6);
      this.inc({ process: 'cells' }, burnt);
    },
  });
}

/** CPU time of processes that come and go. What one burns after the last look, before it ends, is not counted. */
class CellTimes {
  readonly #last = new Map<number, number>();
  #total = 0;

  async seconds(pids: readonly number[]): Promise<number> {
    const times = await Promise.all(pids.map(async (pid) => [pid, await cpuSeconds(pid)] as const));
    for (const [pid, seconds] of times) {
      if (seconds === null) continue;
      const before = this.#last.get(pid) ?? 0;
      // Less than before: another process has the number now.
      this.#total += seconds >= before ? seconds - before : seconds;
      this.#last.set(pid, seconds);
    }
    for (const pid of this.#last.keys()) if (!pids.includes(pid)) this.#last.delete(pid);
    return this.#total;
  }
}

async function cpuSeconds(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null);
  // The name of the program, in brackets, may hold blanks.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields?.[11]), Number(fields?.[12])];
  return Number.isFinite(user) && Number.isFinite(system) ? (user + system) / TICKS : null;
}
