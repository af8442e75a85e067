import { parseArgs } from 'node:util';

/** What `npm run fuzz -- …` was asked for. */
export interface Options {
  readonly minutes: number;
  readonly seed: string;
  /** Names of targets; empty: all. */
  readonly only: readonly string[];
  /** The one case to try, null: as many as there is time for. */
  readonly case: number | null;
  /** Whether what was tried is written to `docs/fuzz-record.jsonl`. */
  readonly record: boolean;
}

/** What is wrong with the arguments, as a sentence. */
export class OptionError extends Error {}

/** Reads the arguments; `targets` are those that there are. @throws OptionError */
export function readOptions(args: readonly string[], targets: readonly string[]): Options {
  const values = parse(args);
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new OptionError(`--minutes: found ${values.minutes}, expected a number above 0`);
  const number = values.case === undefined ? null : Number(values.case);
  if (number !== null && !Number.isSafeInteger(number)) {
    throw new OptionError(`--case: found ${values.case}, expected a number`);
  }
  const unknown = values.only.find((name) => !targets.includes(name));
  if (unknown !== undefined) throw new OptionError(`--only: found ${unknown}, expected of ${targets.join(', ')}`);
  return { minutes, seed: values.seed, only: values.only, case: number, record: values.record };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '1' },
        seed: { type: 'string', default: new Date().toISOString() },
        only: { type: 'string', multiple: true, default: [] },
        case: { type: 'string' },
        record: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new OptionError(error instanceof Error ? error.message : String(error));
  }
}
