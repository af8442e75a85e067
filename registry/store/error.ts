/**
 * Why a store refused or failed.
 *
 * - `DIGEST_INVALID`: not 64 lower-case hex digits. A mistake of the caller.
 * - `DIGEST_MISMATCH`: the body offered does not have the digest it is offered under. A mistake of the caller.
 * - `CODE_CORRUPT`: what is stored under a digest does not have it any more. Build and put it again; never run it.
 * - `TENANT_INVALID`: the row of a tenant cannot be understood. Correct the row.
 * - `SECRET_KEY_MISSING`: a secret is to be written or read and the store has no key. Configure one.
 * - `SECRET_UNREADABLE`: another key, another tenant's secret, or changed bytes. Write the secret again.
 * - `ID_TAKEN`: a row is to be made under an id that is another's. Take another id.
 * - `STORE_UNAVAILABLE`: the database did not answer as it should. Try again later.
 */
export type StoreCode =
  | 'DIGEST_INVALID'
  | 'DIGEST_MISMATCH'
  | 'CODE_CORRUPT'
  | 'TENANT_INVALID'
  | 'SECRET_KEY_MISSING'
  | 'SECRET_UNREADABLE'
  | 'ID_TAKEN'
  | 'STORE_UNAVAILABLE';

/** Failure of a store. The message names tenants, aliases and digests, never values. */
export class StoreError extends Error {
  readonly code: StoreCode;

  constructor(code: StoreCode, message: string) {
    super(message);
    this.name = 'StoreError';
    this.code = code;
  }
}
