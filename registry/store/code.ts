import { createHash } from 'node:crypto';
import { StoreError } from './error.ts';

/** What is kept by digest: a built script, or a workflow's plan. */
export type CodeKind = 'bundle' | 'plan';

/** One stored piece of code. */
export interface Code {
  readonly kind: CodeKind;
  /**
   * JSON text. `bundle`: `{"code": string, "map": string}`, and the digest is sha256 of `code`. `plan`: any JSON, and the
   * digest is sha256 of this very text.
   */
  readonly body: string;
}

/** Keeps code by digest (sha256, 64 lower-case hex digits). Calls may overlap, also from several processes. */
export interface CodeStore {
  /** Stores, or stores again: the same digest always means the same code. Throws `DIGEST_MISMATCH`. */
  putCode(digest: string, kind: CodeKind, body: string): Promise<void>;
  /** Null when nothing is stored under the digest. Throws `CODE_CORRUPT` when what is stored does not have it. */
  getCode(digest: string): Promise<Code | null>;
  /** Notes that a run uses the code now, so that it is not cleaned away. Unknown digests are ignored. */
  touchCode(digest: string): Promise<void>;
  /** Removes what was neither stored nor touched since then (ISO 8601). Resolves to how much. */
  removeCode(unusedSince: string): Promise<number>;
}

/** Throws `DIGEST_INVALID`; what passes is safe as a file name. */
export function checkDigest(digest: string): void {
  if (!/^[0-9a-f]{64}$/.test(digest)) {
    throw new StoreError(
      'DIGEST_INVALID',
      `digest: found ${JSON.stringify(digest.slice(0, 80))}, expected 64 hex digits`,
    );
  }
}

/** Digest of a body as `CodeStore` defines it; null when it is no body of that kind. */
export function digestOf(kind: CodeKind, body: string): string | null {
  const text = kind === 'plan' ? body : bundleCode(body);
  return text === null ? null : createHash('sha256').update(text).digest('hex');
}

function bundleCode(body: string): string | null {
  try {
    const bundle: unknown = JSON.parse(body);
    if (typeof bundle !== 'object' || bundle === null || !('code' in bundle) || !('map' in bundle)) return null;
    return typeof bundle.code === 'string' && typeof bundle.map === 'string' ? bundle.code : null;
  } catch {
    return null;
  }
}

/** Throws `DIGEST_MISMATCH` before anything is stored under a wrong name. */
export function checkOffer(digest: string, kind: CodeKind, body: string): void {
  checkDigest(digest);
  const found = digestOf(kind, body);
  if (found !== digest) throw new StoreError('DIGEST_MISMATCH', `${kind} ${digest}: found ${found ?? 'no such body'}`);
}

/** Throws `CODE_CORRUPT`. */
export function checkStored(digest: string, code: Code): Code {
  if (digestOf(code.kind, code.body) === digest) return code;
  throw new StoreError('CODE_CORRUPT', `${code.kind} ${digest}: its content has another digest`);
}
