/** What scripts run in: broker and sandbox with the runner over both, without Temporal. */
import type { Logger } from 'pino';
import type { AuditStore } from '../registry/index.ts';
import { createSandbox } from '../sandbox/index.ts';
import { Audit } from './audit.ts';
import { createDbCapability, type DbOptions } from './broker/db.ts';
import { createFhirCapability, type FhirOptions } from './broker/fhir.ts';
import { createHttpCapability } from './broker/http.ts';
import { Broker } from './broker/index.ts';
import { Deaths } from './deaths.ts';
import { ScriptRunner, type ScriptWatch } from './runner.ts';

/** What running scripts takes. */
export interface ScriptHostOptions {
  readonly fhir: FhirOptions;
  readonly db: DbOptions | null;
  /** Null: audit events are in the host's log only. */
  readonly auditStore: AuditStore | null;
  /** Cell processes at once, and the memory for all of them, MiB; null: half of what there is. */
  readonly cells: { readonly most: number; readonly memoryMb: number | null };
  readonly log: Logger;
}

/** All that running a script takes; `exec` needs no more. `close` ends every cell. */
export type ScriptHost = ReturnType<typeof createScriptHost>;

/** Names of the sandbox's events in the log. */
const EVENTS = { 'cell.killed': 'cell_crashed', 'call.failed': 'call_failed', 'build.killed': 'build_killed' } as const;

/** Makes what scripts run in. `watch` hears of every script. */
export function createScriptHost(options: ScriptHostOptions, watch?: ScriptWatch) {
  const { auditStore, cells, log } = options;
  const audit = new Audit({ store: auditStore, log });
  const fhir = createFhirCapability(options.fhir);
  const capabilities = [fhir, createHttpCapability({}), ...(options.db ? [createDbCapability(options.db)] : [])];
  const broker = new Broker(capabilities, {
    denied: (denial) => audit.write(denial),
    failed: (method, error, { runId, activity }) =>
      log.error({ method, runId, activity, err: error }, 'a capability failed'),
  });
  const deaths = new Deaths();
  const sandbox = createSandbox({
    maxCells: cells.most,
    ...(cells.memoryMb !== null && { memoryMb: cells.memoryMb }),
    log: (told) => {
      deaths.note(told);
      const { event, ...about } = told;
      log.warn({ event: EVENTS[event], ...about }, event);
    },
  });
  return {
    fhir,
    audit,
    sandbox,
    runner: new ScriptRunner(sandbox, broker, deaths, watch),
    close: async () => {
      await sandbox.close();
      await broker.close();
      await audit.close();
    },
  };
}
