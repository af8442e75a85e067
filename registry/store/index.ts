/** Stores of the registry: code by digest, tenants and audit events. */
export type { Code, CodeKind, CodeStore } from './code.ts';
export { digestOf } from './code.ts';
export { type AuditEvent, createStore, type Store, type StoreOptions } from './database.ts';
export { type StoreCode, StoreError } from './error.ts';
export { createFileStore } from './files.ts';
export { parseSettings, type Tenant, type TenantSecret, type TenantSettings } from './tenant.ts';
