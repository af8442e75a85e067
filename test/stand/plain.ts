/** Settings of a host that is put together by hand: what most tests are not about. */
import { pino } from 'pino';
import type { HostOptions } from '../../host/options.ts';

/** Loopback without a token, no repository, triggers, chores, App or traces, and no log. */
export const PLAIN = {
  repository: null,
  builtInDir: null,
  access: { kind: 'loopback' },
  limits: { reads: 600, writes: 600, starts: 600, failures: 600 },
  traces: null,
  address: '127.0.0.1',
  port: 0,
  unscopedRuns: 'allow',
  apiBaseUrl: null,
  appSecret: null,
  triggerSettings: { token: null, secretOf: () => undefined, subscriptions: 'auto', atStart: false },
  choreSettings: {
    repoSync: null,
    repoClean: null,
    code: null,
    retention: null,
    remote: false,
    auditDays: null,
    quarantineWindowMs: 1,
  },
  webhookSettings: { secrets: { token: null, find: () => undefined }, mappingReadsFhir: false },
  projects: null,
  aidbox: null,
  payloadMaxBytes: 1_048_576,
  graceMs: 1_000,
  forceMs: 5_000,
  progress: () => undefined,
  log: pino({ level: 'silent' }),
} as const satisfies Partial<HostOptions>;
