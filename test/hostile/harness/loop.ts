/** How late the host's own event loop is while an attack goes on. */

/** Lateness in milliseconds. `own`: what this thread's own work caused; `wall`: what the clock says, others' work included. */
export interface Lateness {
  readonly ownP99: number;
  readonly ownMax: number;
  readonly wallMax: number;
}

const STEP_MS = 10;

/**
 * Starts measuring; the function returned ends it. On a machine with fewer cores than busy processes a loop is late because
 * it gets no turn. What counts as blocking is therefore the smaller of the lateness and of the CPU time that the thread used
 * in it.
 */
export function watchLoop(): () => Lateness {
  const own: number[] = [];
  let wallMax = 0;
  let before = { at: performance.now(), cpu: cpuMs() };
  const sample = (): void => {
    const now = { at: performance.now(), cpu: cpuMs() };
    const late = Math.max(0, now.at - before.at - STEP_MS);
    own.push(Math.min(late, now.cpu - before.cpu));
    wallMax = Math.max(wallMax, late);
    before = now;
  };
  const timer = setInterval(sample, STEP_MS);
  return () => {
    clearInterval(timer);
    sample();
    own.sort((a, b) => a - b);
    return { ownP99: own[Math.floor((own.length - 1) * 0.99)] ?? 0, ownMax: own.at(-1) ?? 0, wallMax };
  };
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
