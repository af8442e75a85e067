import type { Limits, RunErrorCode } from './contract.ts';

/**
 * Why a cell was ended, or ended by itself: `memory` over the line of ring three, `kernel` over the cap of ring four, `stuck`
 * a run that did not leave it, `silent` no sign of life, `protocol` a frame that no cell of ours sends, `catastrophe` V8 gave up,
 * `crash` for no reason known here; `retired` was given up by the pool.
 */
export type Death = 'memory' | 'kernel' | 'stuck' | 'silent' | 'protocol' | 'catastrophe' | 'crash' | 'retired';

/** Share of the cell's memory cap at which it is ended: between two looks it may grow by the rest. */
export const RSS_LINE = 0.75;

/** The code of the run that is to blame. */
export function codeOf(death: Death): RunErrorCode {
  if (death === 'memory' || death === 'kernel') return 'SCRIPT_MEMORY';
  return death === 'stuck' ? 'SCRIPT_WALL' : 'SCRIPT_KILLED';
}

/** The text of its error. */
export function textOf(death: Death, limits: Limits): string {
  if (death === 'memory')
    return `the script took its cell over ${Math.round(limits.rssMb * RSS_LINE)} MiB of ${limits.rssMb} MiB`;
  if (death === 'kernel') return `the script took its cell over ${limits.rssMb} MiB`;
  if (death === 'stuck') return `the script did not end within ${limits.wallMs} ms`;
  return 'the script ended its cell';
}
