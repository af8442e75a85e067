import { readFileSync } from 'node:fs';

/** Clock ticks of `/proc` are hundredths of a second on every Linux that Node runs on. */
const TICK_MS = 10;

/** Fields of `/proc/<pid>/stat`, counted from the one after the name, which may itself hold blanks and brackets. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

/** CPU time of a process with all its threads, milliseconds, as the kernel counts it; null where that cannot be read. */
export function readCpuMs(pid: number): number | null {
  if (process.platform !== 'linux') return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) * TICK_MS;
  } catch {
    return null;
  }
}
