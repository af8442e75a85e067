import type { Outlets } from './core.ts';
import { create, freeze, stringify } from './primordials.ts';

const LEVELS = freeze([
  ['debug', 'debug'],
  ['trace', 'debug'],
  ['log', 'info'],
  ['info', 'info'],
  ['dir', 'info'],
  ['table', 'info'],
  ['group', 'info'],
  ['warn', 'warn'],
  ['error', 'error'],
] as const);

/** `console` as lines of the run's log. */
export function createConsole({ log }: Pick<Outlets, 'log'>): object {
  const console: Record<string, unknown> = create(Object.prototype);
  for (const [method, level] of LEVELS) {
    console[method] = (...args: unknown[]) => log(level, textOf(args));
  }
  console.assert = (held: unknown, ...args: unknown[]) => {
    if (!held) log('error', `Assertion failed: ${textOf(args)}`);
  };
  for (const method of ['groupEnd', 'count', 'countReset', 'time', 'timeEnd', 'timeLog', 'clear']) {
    console[method] = () => undefined;
  }
  return console;
}

function textOf(args: unknown[]): string {
  let text = '';
  for (let i = 0; i < args.length; i++) text += `${i === 0 ? '' : ' '}${show(args[i])}`;
  return text;
}

function show(value: unknown): string {
  try {
    if (typeof value === 'string') return value;
    if (value instanceof Error) return `${value.stack ?? value.message}`;
    if (typeof value === 'object' && value !== null) return stringify(value) ?? String(value);
    return String(value);
  } catch {
    return '[a value that has no text]';
  }
}
