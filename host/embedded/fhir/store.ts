/** The rows: one SQLite file with every tenant's resources, their words and their earlier versions. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { OperationOutcomeError } from '@medplum/core';
import { answer, broken } from './outcome.ts';

/** Name of the partition of resources without tenant. No tenant can have it. */
export const UNSCOPED = '';

/** A stored resource. `content` is its JSON, with id and meta. */
export interface Row {
  readonly row: number;
  readonly tenant: string;
  readonly version: number;
  readonly content: string;
}

/** A version of a resource; `content` is null where it was deleted. */
export interface Version {
  readonly version: number;
  readonly updated: string;
  readonly content: string | null;
}

/** Which resource. `tenant` null: whichever partition has it. */
export interface Key {
  readonly tenant: string | null;
  readonly type: string;
  readonly id: string;
}

/** Something that a destination of subscriptions is yet to be told. */
export interface Event {
  /** Counts up, over all destinations. */
  readonly number: number;
  /** `Encounter/1`. */
  readonly reference: string;
  readonly method: 'POST' | 'PUT' | 'DELETE';
  /** JSON of the resource; null where it was deleted. */
  readonly content: string | null;
}

/** What narrows a scan down. Every list of `words` must be met by one word at least. */
export interface Narrowing {
  readonly ids: readonly string[] | null;
  readonly words: readonly (readonly string[])[];
}

/** Earlier versions kept per resource. */
const KEPT_VERSIONS = 20;

const SCHEMA = `
create table if not exists resource (
  row integer primary key,
  tenant text not null,
  type text not null,
  id text not null,
  version integer not null,
  content text not null,
  unique (tenant, type, id)
) strict;
create index if not exists resource_anywhere on resource (type, id);
create table if not exists word (
  value text not null,
  row integer not null references resource (row) on delete cascade,
  primary key (value, row)
) strict, without rowid;
create index if not exists word_row on word (row);
create table if not exists version (
  tenant text not null,
  type text not null,
  id text not null,
  version integer not null,
  updated text not null,
  content text,
  primary key (tenant, type, id, version)
) strict, without rowid;
create table if not exists event (
  number integer primary key autoincrement,
  destination text not null,
  reference text not null,
  method text not null,
  content text
) strict;
create index if not exists event_destination on event (destination, number);
`;

/**
 * The database. All methods are synchronous; nothing but `transaction` makes several of them one step. A failure of SQLite
 * is thrown as an outcome without its text, which goes to the log.
 */
export class Store {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #level = 0;

  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000');
    this.#database.exec('pragma foreign_keys = on');
    this.#database.exec(SCHEMA);
  }

  /** Rows of a resource: none, one, or for `tenant` null as many as partitions have it. */
  find({ tenant, type, id }: Key): Row[] {
    const where = tenant === null ? '' : ' and tenant = ?';
    const values = tenant === null ? [type, id] : [type, id, tenant];
    return this.#all(`select row, tenant, version, content from resource where type = ? and id = ?${where}`, values);
  }

  /** Rows of a type that the narrowing leaves, in order of creation, read one by one. */
  *scan(tenant: string | null, type: string, { ids, words }: Narrowing): IterableIterator<Row> {
    const conditions = ['type = ?'];
    const values: SQLInputValue[] = [type];
    if (tenant !== null) conditions.push('tenant = ?');
    if (tenant !== null) values.push(tenant);
    if (ids) conditions.push('id in (select value from json_each(?))');
    if (ids) values.push(JSON.stringify(ids));
    for (const list of words) {
      conditions.push('row in (select row from word where value in (select value from json_each(?)))');
      values.push(JSON.stringify(list));
    }
    const text = `select row, tenant, version, content from resource where ${conditions.join(' and ')} order by row`;
    yield* this.#attempt(() => this.#statement(text).iterate(...values)) as Iterable<unknown> as Iterable<Row>;
  }

  /** The JSON of rows, in the order given, as many as stay below `maxBytes` together, and one at least. */
  contents(rows: readonly number[], maxBytes: number): string[] {
    const contents: string[] = [];
    let size = 0;
    for (const row of rows) {
      const content = String(
        this.#get<{ content: string }>('select content from resource where row = ?', [row])?.content,
      );
      size += content.length;
      if (size > maxBytes && contents.length > 0) break;
      contents.push(content);
    }
    return contents;
  }

  /** The highest version that a resource has ever had in this partition; 0 if there was none. */
  lastVersion(key: Key & { tenant: string }): number {
    const text = 'select max(version) as last from version where tenant = ? and type = ? and id = ?';
    return this.#get<{ last: number | null }>(text, keyOf(key))?.last ?? 0;
  }

  /** Writes a version of a resource and makes it the current one. */
  put(key: Key & { tenant: string }, { version, updated, content }: Version & { content: string }, words: string[]) {
    const text = `insert into resource (tenant, type, id, version, content) values (?, ?, ?, ?, ?)
      on conflict (tenant, type, id) do update set version = excluded.version, content = excluded.content
      returning row`;
    const row = this.#get<{ row: number }>(text, [...keyOf(key), version, content])?.row ?? 0;
    this.#run('delete from word where row = ?', [row]);
    const list = 'insert into word (value, row) select value, ? from json_each(?)';
    this.#run(list, [row, JSON.stringify(words)]);
    this.#keep(key, { version, updated, content });
  }

  /** Removes a resource; its versions stay, the last one empty. */
  remove(key: Key & { tenant: string }, version: number, updated: string): void {
    this.#run('delete from resource where tenant = ? and type = ? and id = ?', keyOf(key));
    this.#keep(key, { version, updated, content: null });
  }

  /** The kept versions, newest first. */
  versions(key: Key & { tenant: string }): Version[] {
    const text = `select version, updated, content from version where tenant = ? and type = ? and id = ?
      order by version desc`;
    return this.#all(text, keyOf(key));
  }

  /** Keeps an event until its destination has it. */
  addEvent(destination: string, { reference, method, content }: Omit<Event, 'number'>): void {
    const text = 'insert into event (destination, reference, method, content) values (?, ?, ?, ?)';
    this.#run(text, [destination, reference, method, content]);
  }

  /** The oldest events of a destination, oldest first. */
  events(destination: string, atMost: number): Event[] {
    const text = 'select number, reference, method, content from event where destination = ? order by number limit ?';
    return this.#all(text, [destination, atMost]);
  }

  /** Forgets the events of a destination up to a number. */
  removeEvents(destination: string, upTo: number): void {
    this.#run('delete from event where destination = ? and number <= ?', [destination, upTo]);
  }

  /** Destinations that have events. */
  destinations(): string[] {
    return this.#all<{ destination: string }>('select distinct destination from event', []).map(
      (row) => row.destination,
    );
  }

  /** Makes all writes of `work` one step: when it rejects, none of them has happened. May be nested. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    const level = this.#level;
    this.#run(level === 0 ? 'begin immediate' : `savepoint s${level}`, []);
    this.#level = level + 1;
    try {
      const result = await work();
      this.#run(level === 0 ? 'commit' : `release s${level}`, []);
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#undo(level);
      throw error;
    } finally {
      this.#level = level;
    }
  }

  close(): void {
    this.#database.close();
  }

  #undo(level: number): void {
    if (level > 0) this.#run(`rollback to s${level}`, []);
    this.#run(level > 0 ? `release s${level}` : 'rollback', []);
  }

  #keep(key: Key & { tenant: string }, { version, updated, content }: Version): void {
    this.#run('insert into version values (?, ?, ?, ?, ?, ?)', [...keyOf(key), version, updated, content]);
    const old = 'delete from version where tenant = ? and type = ? and id = ? and version <= ?';
    this.#run(old, [...keyOf(key), version - KEPT_VERSIONS]);
  }

  #run(text: string, values: SQLInputValue[]): void {
    this.#attempt(() => this.#statement(text).run(...values));
  }

  #get<T>(text: string, values: SQLInputValue[]): T | undefined {
    return this.#attempt(() => this.#statement(text).get(...values)) as T | undefined;
  }

  #all<T>(text: string, values: SQLInputValue[]): T[] {
    return this.#attempt(() => this.#statement(text).all(...values)) as unknown as T[];
  }

  #statement(text: string): StatementSync {
    const known = this.#statements.get(text) ?? this.#database.prepare(text);
    this.#statements.set(text, known);
    return known;
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof OperationOutcomeError) throw error;
      console.error('fhir store:', error);
      throw answer(broken);
    }
  }
}

function keyOf({ tenant, type, id }: Key & { tenant: string }): [string, string, string] {
  return [tenant, type, id];
}
