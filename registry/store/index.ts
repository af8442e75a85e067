/** Stores of the registry: code by digest, tenants, audit events, and what is in quarantine. */
export type { Code, CodeKind, CodeStore } from './code.ts';
export { digestOf } from './code.ts';
export {
  type AuditEvent,
  type AuditKind,
  type AuditStore,
  createStore,
  type Store,
  type StoreOptions,
} from './database.ts';
export { type StoreCode, StoreError } from './error.ts';
export { createFileStore } from './files.ts';
export { createQuarantineJournal } from './journal.ts';
export type { CellKill, Quarantine, QuarantineStore } from './quarantine.ts';
export { parseSettings, type Tenant, type TenantSecret, type TenantSettings } from './tenant.ts';
