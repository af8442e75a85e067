import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Resident memory of processes in MiB, read from outside: a process's own word counts for nothing. A process that has ended
 * is left out.
 */
export async function readRss(pids: readonly number[]): Promise<ReadonlyMap<number, number>> {
  return process.platform === 'linux' ? fromProc(pids) : fromPs(pids);
}

function fromProc(pids: readonly number[]): ReadonlyMap<number, number> {
  const rss = new Map<number, number>();
  for (const pid of pids) {
    const kb = statusKb(pid);
    if (kb !== null) rss.set(pid, kb / 1024);
  }
  return rss;
}

function statusKb(pid: number): number | null {
  try {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return match ? Number(match[1]) : null;
  } catch {
    return null;
  }
}

function fromPs(pids: readonly number[]): Promise<ReadonlyMap<number, number>> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'pid=,rss=', '-p', pids.join(',')], (_error, stdout) => {
      const rss = new Map<number, number>();
      for (const line of stdout.split('\n')) {
        const [pid, kb] = line.trim().split(/\s+/).map(Number);
        if (pid && kb) rss.set(pid, kb / 1024);
      }
      resolve(rss);
    });
  });
}
