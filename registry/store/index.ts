/** Stores of the registry: code by digest, tenants, audit events, and what is in quarantine. */
export {
  AUDIT_KINDS,
  type AuditArchive,
  type AuditEvent,
  type AuditKind,
  type AuditQuery,
  type AuditRecord,
  type AuditStore,
} from './audit.ts';
export type { ChoreOutcome, ChoreState, ChoreStore } from './chores.ts';
export type { Code, CodeKind, CodeStore } from './code.ts';
export { digestOf } from './code.ts';
export {
  createStore,
  type Store,
  type StoreOptions,
} from './database.ts';
export type { Delivery, DeliveryState, DeliveryStore } from './deliveries.ts';
export { type StoreCode, StoreError } from './error.ts';
export { createFileStore } from './files.ts';
export type { FoundStart, IdempotencyStore, IdempotentStart } from './idempotency.ts';
export { createQuarantineJournal } from './journal.ts';
export type { ApiKey, ApiKeyChange, ApiKeyQuery, ApiKeyStore, NewApiKey } from './keys.ts';
export type { LineStore, RunLine } from './lines.ts';
export type { Page } from './page.ts';
export type { PluginChannel, PluginKey, PluginStore, PluginVersion } from './plugins.ts';
export type {
  CompiledCodes,
  CompiledRow,
  ComponentRow,
  ComponentWrite,
  LeaseClaim,
  LeaseRow,
  NewProject,
  ProjectChange,
  ProjectRow,
  ProjectStore,
  ProjectWorkflowRow,
  WorkerRow,
  WorkerStatus,
  WorkflowWrite,
} from './project.ts';
export type { CellKill, Quarantine, QuarantineStore } from './quarantine.ts';
export { QueueError, queueProblem } from './queue.ts';
export { parseSettings, type Tenant, type TenantSecret, type TenantSettings } from './tenant.ts';
export type { TenantStore } from './tenants.ts';
export { compilationDigest } from './workflows.ts';
