/** What commands share: options, inputs and the error that ends a command with a sentence instead of a stack. */
import { readFile } from 'node:fs/promises';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { closest, distance } from 'fastest-levenshtein';
import { isTenant } from '../tenants.ts';

/** Ends a command with a message for people. */
export class CommandError extends Error {
  /** 1: it failed; 2: wrong usage or a bad project. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 2) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** Options and words of a command line. */
export interface Arguments {
  /** Value of a string option; undefined when it was not given. */
  text(name: string): string | undefined;
  flag(name: string): boolean;
  readonly words: readonly string[];
}

/** What a command accepts. */
export interface CommandForm {
  readonly usage: string;
  /** Names of options with a value. */
  readonly values: readonly string[];
  readonly flags: readonly string[];
  /** How many words it takes at most. */
  readonly words: number;
  /** What `--help` tells beside the usage. */
  readonly help?: string;
}

/** Longest distance of a misspelt word from the one that was meant, in letters. */
const NEAR = 3;

/** `; did you mean x?`, or nothing: goes behind what was expected. */
export function meant(word: string, candidates: readonly string[]): string {
  const best = candidates.length === 0 ? '' : closest(word, candidates);
  return distance(word, best) <= Math.min(NEAR, Math.floor(word.length / 2)) ? `; did you mean ${best}?` : '';
}

/**
 * Reads a command line. Prints the usage and returns null for `--help`.
 *
 * @throws CommandError naming the unknown option or the word too many.
 */
export function readArguments(argv: readonly string[], form: CommandForm): Arguments | null {
  const options: ParseArgsOptionsConfig = { help: { type: 'boolean', short: 'h' } };
  for (const name of form.values) options[name] = { type: 'string' };
  for (const name of form.flags) options[name] = { type: 'boolean' };
  const { values, positionals } = parse(argv, options, form);
  if (values.help === true) {
    process.stdout.write(`${form.usage}\n${form.help === undefined ? '' : `\n${form.help}`}`);
    return null;
  }
  const extra = positionals[form.words];
  if (extra !== undefined) throw new CommandError(`found ${JSON.stringify(extra)}, expected: ${form.usage}`);
  return {
    text: (name) => (typeof values[name] === 'string' ? values[name] : undefined),
    flag: (name) => values[name] === true,
    words: positionals,
  };
}

function parse(argv: readonly string[], options: ParseArgsOptionsConfig, form: CommandForm) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split('. To specify');
    const unknown = /^Unknown option '(-[^']+)'/.exec(sentence)?.[1];
    const hint =
      unknown === undefined
        ? ''
        : meant(
            unknown,
            Object.keys(options).map((name) => `--${name}`),
          );
    throw new CommandError(`${sentence.replace(/\.$/, '')}${hint}\nexpected: ${form.usage}`);
  }
}

/** Value of `--input`: JSON text, or `@FILE` for a file of it; an empty object when not given. */
export async function readInput(value: string | undefined): Promise<Record<string, unknown>> {
  if (value === undefined) return {};
  const text = value.startsWith('@') ? await readInputFile(value.slice(1)) : value;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new CommandError(`--input: found ${(error as Error).message}, expected a JSON object or @FILE`);
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new CommandError(
    `--input: found ${Array.isArray(parsed) ? 'a list' : JSON.stringify(parsed)}, expected a JSON object`,
  );
}

async function readInputFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new CommandError(`--input: found no file ${path}, expected a file of JSON`);
  }
}

/** Value of `--port`. */
export function readPort(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const port = Number(value);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new CommandError(`--port: found ${JSON.stringify(value)}, expected a number from 0 to 65535`);
}

/** Value of `--api`, without a slash at its end. */
export function readApi(value: string): string {
  if (URL.canParse(value) && /^https?:/.test(value)) return value.replace(/\/+$/, '');
  throw new CommandError(`--api: found ${JSON.stringify(value)}, expected the URL of a host, http://…`);
}

/** Value of `--tenant`. */
export function readTenant(value: string | undefined): string | null {
  if (value === undefined || isTenant(value)) return value ?? null;
  throw new CommandError(`--tenant: found ${JSON.stringify(value)}, expected the id of an Organization`);
}
