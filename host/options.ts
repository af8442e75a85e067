/** What a host is made of. */
import type { Logger } from 'pino';
import type { CodeStore, QuarantineStore, Store } from '../registry/index.ts';
import type { LogLine } from '../sandbox/index.ts';
import type { LimitRule } from './access/limits.ts';
import type { Aidbox } from './aidbox/registration.ts';
import type { Access } from './api/access.ts';
import type { ChoreSettings } from './chores/list.ts';
import type { ProjectSource } from './plans.ts';
import type { GuestSettings, ProjectSettings } from './projects/settings.ts';
import type { QuarantineRule } from './quarantine.ts';
import type { Repository } from './repository/index.ts';
import type { ScriptHostOptions } from './scripts.ts';
import type { TenantRules } from './tenants.ts';
import type { TraceSettings } from './tracing/tracing.ts';
import type { TriggerSettings } from './triggers/index.ts';
import type { WebhookSettings } from './webhooks/index.ts';

/** Nothing in it is optional by omission: null says that a part is not there. */
export interface HostOptions extends ScriptHostOptions {
  readonly temporal: { readonly address: string; readonly namespace: string };
  /** Task queue of the runs; absent: `billing`. */
  readonly taskQueue?: string;
  readonly store: CodeStore;
  /** Tables of the registry; null: the host has no database, and parts that need one are not there. */
  readonly rows: Store | null;
  readonly quarantineStore: QuarantineStore;
  readonly quarantine: QuarantineRule;
  readonly project: ProjectSource;
  /** False: nothing polls the queue of its runs; the host is there for project workers alone. */
  readonly billing?: boolean;
  /** Null: the project is no repository that the API is about. */
  readonly repository: Repository | null;
  /** Project workers, and the code of projects; null: the host has no part in them. */
  readonly projects: { readonly workers: ProjectSettings; readonly guest: GuestSettings } | null;
  readonly tenants: TenantRules;
  readonly builtInDir: string | null;
  readonly access: Access;
  /** How often callers may call. */
  readonly limits: LimitRule;
  readonly address: string;
  readonly port: number;
  /** Serve the same on this port too. */
  readonly furtherPort?: number;
  /** Take a free port when that one is in use. */
  readonly orFreePort?: boolean;
  readonly unscopedRuns: 'allow' | 'deny';
  /** Where others reach the API; null: where it listens. */
  readonly apiBaseUrl: string | null;
  /** Secret of the App in Aidbox; null: the host is no App. */
  readonly appSecret: string | null;
  /** Aidbox, where the host registers itself; null: there is none. */
  readonly aidbox: Aidbox | null;
  readonly triggerSettings: TriggerSettings;
  readonly choreSettings: ChoreSettings;
  readonly webhookSettings: WebhookSettings;
  readonly payloadMaxBytes: number;
  readonly cacheDir: string;
  readonly graceMs: number;
  readonly forceMs: number;
  readonly progress: (text: string) => void;
  /** Null: nothing is traced. */
  readonly traces: TraceSettings | null;
  readonly log: Logger;
  /** Gets what scripts log, beside the host's own log. */
  readonly scriptLog?: (line: LogLine, activity: string) => void;
}
