import { totalmem } from 'node:os';

/** Share of the machine's memory, or of the container's, that busy cells may have at once unless the host is told otherwise. */
const SHARE = 0.5;

/** What a cell without work counts for, MiB, before it was measured. */
export const IDLE_MB = 64;

/** Memory for cells where nobody set it, MiB: half of what this process may use. */
export function defaultMemoryMb(): number {
  const machine = totalmem();
  // 0 or a figure beyond the machine's: nothing constrains this process.
  const constrained = process.constrainedMemory() || machine;
  return Math.floor((Math.min(machine, constrained) * SHARE) / 2 ** 20);
}
