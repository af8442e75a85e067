/**
 * The kinds of value a variable can have. Each knows what it expects, in words that complete "expected …", and parses
 * text into a value; `undefined` means that the text is not one.
 */
import { resolve } from 'node:path';
import cron from 'node-cron';
import { parseDuration } from '../../registry/index.ts';
import { algorithmOf } from '../access/pem.ts';

/** One kind of value: `T` is what the host sees. `parse` never gets an empty text and never throws. */
export interface Kind<T> {
  readonly expected: string;
  parse(text: string): T | undefined;
}

/** Any text. */
export const text: Kind<string> = { expected: 'a text', parse: (given) => given };

/** A TCP port. */
export const port: Kind<number> = {
  expected: 'a port from 1 to 65535',
  parse: (given) => wholeNumber(given, 1, 65535),
};

/** A number of things, at least 1. */
export const count: Kind<number> = {
  expected: 'a whole number, 1 or more',
  parse: (given) => wholeNumber(given, 1, 1_000_000),
};

/** A whole number within bounds. */
export const between = (least: number, most: number): Kind<number> => ({
  expected: `a whole number from ${least} to ${most}`,
  parse: (given) => wholeNumber(given, least, most),
});

/** A time in milliseconds, up to an hour. */
export const milliseconds: Kind<number> = {
  expected: 'a whole number of milliseconds, from 100 to 3600000',
  parse: (given) => wholeNumber(given, 100, 3_600_000),
};

/** Names of npm packages, with commas between. */
export const packageNames: Kind<readonly string[]> = {
  expected: 'names of npm packages with commas between',
  parse(given) {
    const names = given.split(',').map((name) => name.trim());
    const isName = (name: string): boolean => /^(@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*$/.test(name);
    return names.every(isName) ? names : undefined;
  },
};

/** A time such as `30s`, `5m` or `1h`; milliseconds to the host. */
export const duration: Kind<number> = {
  expected: 'a whole number above 0 with s, m or h, such as `30s`',
  parse: (given) => parseDuration(given),
};

/** A part of a whole. */
export const share: Kind<number> = {
  expected: 'a number from 0 to 1',
  parse(given) {
    const value = /^\d(\.\d{1,9})?$/.test(given) ? Number(given) : Number.NaN;
    return value <= 1 ? value : undefined;
  },
};

/** Headers as OpenTelemetry writes them: `name=value,name=value`, values percent-encoded. */
export const headers: Kind<Readonly<Record<string, string>>> = {
  expected: '`name=value` pairs with commas between, values percent-encoded',
  parse(given) {
    const pairs = given.split(',').map((pair) => /^\s*([\w!#$&+.^|~-]+)=([\x21-\x7e]*)\s*$/.exec(pair));
    if (pairs.some((pair) => pair === null)) return undefined;
    try {
      return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', decodeURIComponent(pair?.[2] ?? '')]));
    } catch {
      return undefined;
    }
  },
};

/** A size in bytes, at least 1. */
export const bytes: Kind<number> = {
  expected: 'a whole number of bytes, 1 or more',
  parse: (given) => wholeNumber(given, 1, Number.MAX_SAFE_INTEGER),
};

/** `true` or `false`, nothing that merely looks like it. */
export const flag: Kind<boolean> = {
  expected: '`true` or `false`',
  parse: (given) => (given === 'true' ? true : given === 'false' ? false : undefined),
};

/** The address of an HTTP server, without a slash at its end. */
export const url: Kind<string> = {
  expected: 'an http:// or https:// address',
  parse(given) {
    const parsed = URL.parse(given);
    return parsed === null || !/^https?:$/.test(parsed.protocol) ? undefined : given.replace(/\/+$/, '');
  },
};

/** Where git clones from. A password in it would be stored with the clone and shown with its address. */
export const gitUrl: Kind<string> = {
  expected:
    'an https://, http://, ssh:// or file:// address, or user@host:path, without a password (that is GIT_TOKEN)',
  parse(given) {
    if (/^[\w.-]+@[\w.-]+:[^\s:]+$/.test(given)) return given;
    const parsed = URL.parse(given);
    if (parsed === null || !/^(https?|ssh|file):$/.test(parsed.protocol) || /\s/.test(given)) return undefined;
    return parsed.password === '' && (parsed.username === '' || parsed.protocol === 'ssh:') ? given : undefined;
  },
};

/** `host:port` of a gRPC server. */
export const hostPort: Kind<string> = {
  expected: 'host:port',
  parse(given) {
    const [, digits] = /^[^\s/:]+:(\d+)$|^\[[0-9a-fA-F:]+\]:(\d+)$/.exec(given)?.filter(Boolean) ?? [];
    return digits !== undefined && port.parse(digits) !== undefined ? given : undefined;
  },
};

/** A file or folder, made absolute against `base`, by default the current folder. It need not exist yet. */
export const path = (base?: string): Kind<string> => ({
  expected: 'a path',
  parse: (given) => (given.includes('\0') ? undefined : resolve(base ?? process.cwd(), given)),
});

/** A token or password: at least `length` characters, none of them blank. */
export const secret = (length: number): Kind<string> => ({
  expected: length > 1 ? `at least ${length} characters without blanks` : 'text without blanks',
  parse: (given) => (given.length >= length && !/\s/.test(given) ? given : undefined),
});

/** A public key; its line ends may be written as `\n`. */
export const publicKey: Kind<string> = {
  expected: 'a public key as PEM, RSA of 2048 bits or more, or P-256',
  parse(given) {
    const pem = given.replaceAll('\\n', '\n');
    return algorithmOf(pem) === null ? undefined : pem;
  },
};

/** Times of a chore, UTC; `off` for none. */
export const cronOrOff: Kind<string> = {
  expected: 'a cron expression of 5 or 6 fields, such as `*/5 * * * *`, or `off`',
  parse: (given) => (given === 'off' || cron.validate(given) ? given : undefined),
};

/** One word of a fixed list. */
export const oneOf = <const W extends string>(...words: readonly W[]): Kind<W> => ({
  expected: words.map((word) => `\`${word}\``).join(' or '),
  parse: (given) => words.find((word) => word === given),
});

function wholeNumber(given: string, least: number, most: number): number | undefined {
  const value = /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
}
