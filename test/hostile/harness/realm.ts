/** The host's own globals and prototypes as one text: an attack that reaches them changes it. */
import { createHash } from 'node:crypto';

/** Digest over the names and values of everything that each object of the host inherits from, and of its globals. */
export function realmDigest(): string {
  const hash = createHash('sha256');
  for (const [name, object] of ROOTS) {
    for (const key of Reflect.ownKeys(object)) {
      const { value, get, set, ...flags } = Reflect.getOwnPropertyDescriptor(object, key) ?? {};
      hash.update(`${name}.${String(key)} ${JSON.stringify(flags)} ${idOf(value)} ${idOf(get)} ${idOf(set)}\n`);
    }
  }
  return hash.digest('hex');
}

const ids = new WeakMap<object, number>();
let next = 0;

/** Objects by identity, everything else by its text. */
function idOf(value: unknown): string {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return String(value);
  const known = ids.get(value) ?? next++;
  ids.set(value, known);
  return `#${known}`;
}

const CLASSES = [
  Object,
  Function,
  Array,
  String,
  Number,
  Boolean,
  Symbol,
  BigInt,
  Date,
  RegExp,
  Error,
  TypeError,
  RangeError,
  Promise,
  Map,
  Set,
  WeakMap,
  ArrayBuffer,
  Uint8Array,
  Buffer,
  URL,
] as const;

const ROOTS: readonly (readonly [string, object])[] = [
  ['globalThis', globalThis],
  ['JSON', JSON],
  ['Math', Math],
  ['Reflect', Reflect],
  ...CLASSES.flatMap((each) => [
    [each.name, each] as const,
    [`${each.name}.prototype`, each.prototype as object] as const,
  ]),
];
