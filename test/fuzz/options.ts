import { parseArgs } from 'node:util';

/** What `npm run fuzz -- …` was asked for. */
export interface Options {
  readonly minutes: number;
  readonly seed: string;
  /** Names of targets; empty: all. */
  readonly only: readonly string[];
  /** The one case to try, null: as many as there is time for. */
  readonly case: number | null;
  /** Whether what was tried is written to `docs/fuzz-record.json`. */
  readonly record: boolean;
}

/** Reads the arguments. @throws with a sentence on what is wrong. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: new Date().toISOString() },
      only: { type: 'string', multiple: true, default: [] },
      case: { type: 'string' },
      record: { type: 'boolean', default: false },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes: found ${values.minutes}, expected a number above 0`);
  const number = values.case === undefined ? null : Number(values.case);
  if (number !== null && !Number.isSafeInteger(number))
    throw new Error(`--case: found ${values.case}, expected a number`);
  return { minutes, seed: values.seed, only: values.only, case: number, record: values.record };
}
