/** API keys: made and shown once, known by their hash, replaced and ended. */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { ApiKey, ApiKeyStore, Page } from '../../registry/index.ts';
import { type Caller, isRole, isScope, ROLES, type Role, type Scope } from '../api/caller.ts';
import { ApiError } from '../error.ts';

/** What a key is to be. */
export interface WantedKey {
  readonly name: string;
  readonly role: Role;
  /** Absent: those of the maker. Null: everything that the role may do. */
  readonly scopes?: readonly Scope[] | null;
  /** Absent: that of the maker. Null: a key of the host's own. */
  readonly tenant?: string | null;
  /** ISO 8601; null: never, or as long as the maker's key. */
  readonly expiresAt: string | null;
}

/** A key with its text, which cannot be had again. */
export interface MadeKey {
  readonly key: ApiKey;
  readonly text: string;
}

/** How a key is replaced. */
export interface Rotation {
  /** How long the old one stays good, milliseconds; 0: it ends at once. */
  readonly overlapMs: number;
  /** End of the new one; absent: that of the old one. */
  readonly expiresAt?: string | null;
}

/** What may be set from outside, for tests. */
export interface KeyOptions {
  /** How long a key that was found is believed, milliseconds. Default 1,000. */
  readonly freshMs?: number;
}

/** Who makes keys and ends them: a caller of the API, or the operator at the command line. */
export type Maker = Pick<Caller, 'name' | 'role' | 'scopes' | 'tenant' | 'expiresAt'>;

interface Known {
  readonly hash: string;
  readonly caller: Caller;
}

interface Entry {
  readonly until: number;
  readonly known: Promise<Known | null>;
}

const FRESH_MS = 1000;
const USE_NOTED_MS = 60_000;
/** Prefixes that are remembered; the longest unasked for are forgotten. */
const REMEMBERED = 10_000;
const TEXT = /^ck_([a-z0-9]{12})_[A-Za-z0-9_-]{43}$/;

/** Whether a token has the form of a key. */
export function isKeyText(text: string): boolean {
  return TEXT.test(text);
}

/**
 * The keys of a host. What was found of a key is believed for a second, so that the database is not asked at each call and a
 * key that was ended elsewhere is noticed soon. Methods throw `STORE_UNAVAILABLE` when the database fails: nobody is let in
 * then.
 */
export class Keys {
  readonly #store: ApiKeyStore;
  readonly #freshMs: number;
  readonly #entries = new Map<string, Entry>();
  readonly #noted = new Map<string, number>();

  constructor(store: ApiKeyStore, { freshMs = FRESH_MS }: KeyOptions = {}) {
    this.#store = store;
    this.#freshMs = freshMs;
  }

  /** Whether the key was asked for before, good or not: to look again costs no more than before. */
  remembers(text: string): boolean {
    return this.#entries.has(prefixOf(text));
  }

  /** Who calls with a key; null when there is none such, or it has ended. */
  async callerOf(text: string): Promise<Caller | null> {
    const prefix = prefixOf(text);
    const known = await this.#find(prefix);
    // Compared also where there is nothing to compare with, so that both take as long.
    const isSame = timingSafeEqual(Buffer.from(hashOf(text), 'hex'), Buffer.from(known?.hash ?? hashOf(''), 'hex'));
    if (known === null || !isSame || isOver(known.caller.expiresAt)) return null;
    this.#noteUse(known.caller);
    return known.caller;
  }

  /** Makes a key. Throws `FORBIDDEN` when it would be given more than its maker has. */
  async make(by: Maker, wanted: WantedKey): Promise<MadeKey> {
    const scopes = wanted.scopes === undefined ? (by.scopes === null ? null : [...by.scopes]) : wanted.scopes;
    const tenant = wanted.tenant === undefined ? by.tenant : wanted.tenant;
    const expiresAt = wanted.expiresAt ?? by.expiresAt ?? null;
    refuseMore(by, { ...wanted, scopes, tenant, expiresAt });
    return this.#add(by, { name: wanted.name, role: wanted.role, scopes, tenant, expiresAt });
  }

  /** A page of keys, newest first: of the caller's tenant where it is bound to one. */
  list({ tenant }: Pick<Caller, 'tenant'>, page: { readonly after?: Page; readonly atMost: number }) {
    return this.#store.listApiKeys({ ...page, ...(tenant !== null && { tenant }) });
  }

  /** Throws `KEY_NOT_FOUND`, also for a key of another tenant than the caller's. */
  async get({ tenant }: Pick<Caller, 'tenant'>, id: string): Promise<ApiKey> {
    const found = isUuid(id) ? await this.#store.getApiKey(id) : null;
    if (found === null || (tenant !== null && found.tenant !== tenant)) {
      throw new ApiError('KEY_NOT_FOUND', 'no such key', { where: 'path', found: JSON.stringify(id.slice(0, 80)) });
    }
    return found;
  }

  /**
   * A new key in the place of another, which stays good for a while or ends at once. Throws `KEY_ENDED` when that one has
   * ended or was replaced, `FORBIDDEN` when it may do more than the caller.
   */
  async rotate(by: Maker, id: string, { overlapMs, expiresAt }: Rotation): Promise<MadeKey> {
    const old = await this.get(by, id);
    if (old.revokedAt !== null || old.replacedBy !== null || isOver(old.expiresAt)) throw ended();
    const { name, role, tenant } = old;
    // What this host does not know it can give to nobody.
    if (!isRole(role)) throw ended();
    const scopes = old.scopes?.filter(isScope) ?? null;
    const wanted = { name, role, scopes, tenant, expiresAt: expiresAt === undefined ? old.expiresAt : expiresAt };
    refuseMore(by, wanted);
    const made = await this.#add(by, wanted);
    const now = Date.now();
    const oldEnd = new Date(now + overlapMs).toISOString();
    const change =
      overlapMs === 0
        ? { revokedAt: oldEnd, replacedBy: made.key.id }
        : { expiresAt: earlier(old.expiresAt, oldEnd), replacedBy: made.key.id };
    const changed = await this.#store.changeApiKey(id, change);
    this.#entries.delete(old.prefix);
    if (changed !== null) return made;
    // Somebody was faster, and nobody has seen this one.
    await this.#store.revokeApiKey(made.key.id, new Date(now).toISOString());
    throw ended();
  }

  /** Ends a key. One that had ended stays as it was. Throws `KEY_NOT_FOUND`. */
  async revoke(by: Pick<Caller, 'tenant'>, id: string): Promise<ApiKey> {
    const { prefix } = await this.get(by, id);
    await this.#store.revokeApiKey(id, new Date().toISOString());
    this.#entries.delete(prefix);
    return this.get(by, id);
  }

  /** Ends every key of a tenant. */
  async revokeOf(tenant: string): Promise<void> {
    await this.#store.revokeApiKeysOf(tenant, new Date().toISOString());
    this.#entries.clear();
  }

  async #add(by: Maker, wanted: Required<WantedKey>): Promise<MadeKey> {
    const { name, role, scopes, tenant, expiresAt } = wanted;
    const prefix = randomBytes(6).toString('hex');
    const text = `ck_${prefix}_${randomBytes(32).toString('base64url')}`;
    const about = { id: randomUUID(), prefix, name, role, scopes, tenant, expiresAt };
    const key = { ...about, createdAt: new Date().toISOString(), createdBy: by.name };
    await this.#store.addApiKey({ ...key, hash: hashOf(text) });
    return { key: { ...key, revokedAt: null, lastUsedAt: null, replacedBy: null }, text };
  }

  #find(prefix: string): Promise<Known | null> {
    const entry = this.#entries.get(prefix);
    if (entry !== undefined && performance.now() < entry.until) return entry.known;
    const known = this.#look(prefix);
    // Anew at the end of the line: the first is the one that was unasked for longest.
    this.#entries.delete(prefix);
    this.#entries.set(prefix, { until: performance.now() + this.#freshMs, known });
    known.catch(() => this.#entries.delete(prefix));
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > REMEMBERED && oldest !== undefined) this.#entries.delete(oldest);
    return known;
  }

  async #look(prefix: string): Promise<Known | null> {
    const found = await this.#store.findApiKey(prefix);
    if (found === null || found.revokedAt !== null) return null;
    const { id, hash, name, role, scopes, tenant, expiresAt } = found;
    // A role or scope that this host does not know gives nothing.
    if (!isRole(role)) return null;
    const known = scopes === null ? null : new Set(scopes.filter(isScope));
    return {
      hash,
      caller: { kind: 'key', name: `${name} (ck_${prefix})`, id, role, scopes: known, tenant, expiresAt },
    };
  }

  /** Not waited for: a call does not depend on it. */
  #noteUse({ id }: Caller): void {
    const now = Date.now();
    if (id === undefined || now - (this.#noted.get(id) ?? 0) < USE_NOTED_MS) return;
    if (this.#noted.size >= REMEMBERED) this.#noted.clear();
    this.#noted.set(id, now);
    this.#store.noteApiKeyUse(id, new Date(now).toISOString()).catch(() => this.#noted.delete(id));
  }
}

type Asked = Required<Pick<WantedKey, 'role' | 'scopes' | 'tenant' | 'expiresAt'>>;

/** A key can never be given more than its maker has: neither role, scope, tenant nor time. */
function refuseMore(by: Maker, { role, scopes, tenant, expiresAt }: Asked): void {
  const more: string[] = [];
  if (ROLES.indexOf(role) > ROLES.indexOf(by.role)) more.push(`the role ${role}`);
  if (by.scopes !== null) {
    const wider = scopes === null ? ['every scope'] : scopes.filter((scope) => !by.scopes?.has(scope));
    more.push(...wider);
  }
  if (by.tenant !== null && tenant !== by.tenant) more.push('another tenant');
  if (by.expiresAt && (expiresAt === null || expiresAt > by.expiresAt)) more.push('a later end');
  if (more.length > 0) throw new ApiError('FORBIDDEN', `a key cannot have more than its maker: ${more.join(', ')}`);
}

function ended(): ApiError {
  return new ApiError('KEY_ENDED', 'the key has ended, or was replaced');
}

const earlier = (one: string | null, other: string): string => (one !== null && one < other ? one : other);

/** Long and random, so that a plain digest cannot be turned back. */
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const prefixOf = (text: string): string => TEXT.exec(text)?.[1] ?? '';
const isOver = (time: string | null | undefined): boolean => typeof time === 'string' && Date.parse(time) <= Date.now();
const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
