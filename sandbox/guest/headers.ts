type Init = GuestHeaders | Iterable<readonly [string, string]> | Record<string, string>;

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** `Headers`: names in lower case, values joined with a comma. What may be sent is for the host to judge. */
export class GuestHeaders {
  readonly #values = new Map<string, string>();

  constructor(init?: Init | null) {
    if (init === undefined || init === null) return;
    const pairs = Symbol.iterator in init ? (init as Iterable<readonly [string, string]>) : Object.entries(init);
    for (const [name, value] of pairs) this.append(name, value);
  }

  append(name: string, value: string): void {
    const held = this.get(name);
    this.set(name, held === null ? value : `${held}, ${value}`);
  }

  set(name: string, value: string): void {
    this.#values.set(key(name), `${value}`.trim());
  }

  get(name: string): string | null {
    return this.#values.get(key(name)) ?? null;
  }

  has(name: string): boolean {
    return this.#values.has(key(name));
  }

  delete(name: string): void {
    this.#values.delete(key(name));
  }

  forEach(callback: (value: string, name: string, headers: GuestHeaders) => void): void {
    for (const [name, value] of this) callback(value, name, this);
  }

  *entries(): IterableIterator<[string, string]> {
    for (const name of [...this.#values.keys()].sort()) yield [name, this.#values.get(name) ?? ''];
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this) yield name;
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this) yield value;
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }
}

Object.defineProperty(GuestHeaders, 'name', { value: 'Headers' });

function key(name: string): string {
  const text = `${name}`;
  if (!NAME.test(text)) throw new TypeError(`"${text}" is not a header name`);
  return text.toLowerCase();
}
