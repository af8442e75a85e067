import { StoreError } from './error.ts';

/** A row as the database answers it. */
export type Row = Readonly<Record<string, unknown>>;

/** Reads the columns of one row. Throws `STORE_UNAVAILABLE` where one does not hold what its table says. */
export class Reader {
  readonly #table: string;
  readonly #row: Row;

  constructor(table: string, row: Row) {
    this.#table = table;
    this.#row = row;
  }

  text(name: string): string {
    const value = this.#row[name];
    if (typeof value === 'string') return value;
    // @supabase/lite reads a text that looks like JSON as JSON.
    if (typeof value === 'object' && value !== null) return JSON.stringify(value);
    throw new StoreError('STORE_UNAVAILABLE', `table ${this.#table}: column ${name} holds no text`);
  }

  maybe(name: string): string | null {
    return this.#row[name] === null ? null : this.text(name);
  }

  /** ISO 8601: PostgreSQL writes its times in a form of its own. */
  time(name: string): string {
    return new Date(this.text(name)).toISOString();
  }

  maybeTime(name: string): string | null {
    return this.#row[name] === null ? null : this.time(name);
  }

  /** `fallback` for null. */
  flag(name: string, fallback: boolean): boolean {
    const value = this.#row[name];
    return typeof value === 'boolean' ? value : fallback;
  }

  /** PostgreSQL's bigint may come as text. */
  maybeNumber(name: string): number | null {
    const value = this.#row[name];
    return value === null || value === undefined ? null : Number(value);
  }
}
