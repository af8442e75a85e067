import { readFileSync } from 'node:fs';

/** Clock ticks of `/proc` are hundredths of a second on every Linux that Node runs on. */
const TICK_MS = 10;

/** Fields of `/proc/<pid>/stat`, counted from the one after the name, which may itself hold blanks and brackets. */
const STATE = 0;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

/** CPU time of a process with all its threads, milliseconds, as the kernel counts it; null where that cannot be read. */
export function readCpuMs(pid: number): number | null {
  if (process.platform !== 'linux') return null;
  try {
    const fields = readFields(`/proc/${pid}/stat`);
    return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) * TICK_MS;
  } catch {
    return null;
  }
}

/** Whether a thread has a processor or waits for one. */
export function isRunnable(pid: number, thread: number): boolean {
  try {
    return readFields(`/proc/${pid}/task/${thread}/stat`)[STATE] === 'R';
  } catch {
    return false;
  }
}

function readFields(file: string): string[] {
  const stat = readFileSync(file, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
