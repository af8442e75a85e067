/**
 * The contract between the broker and a capability (fhir, db, http, env, log).
 *
 * A capability never learns who calls from what the script says: tenant, run and grants come in the `RunContext`, which the
 * host made when it started the run.
 */

/** What a capability call may reject with inside a script (spec D1). The message is safe to show to a script. */
export type CallCode =
  | 'BAD_ARGUMENT'
  | 'TOO_DEEP'
  | 'TOO_LARGE'
  | 'TOO_MANY_CALLS'
  | 'UNKNOWN_METHOD'
  | 'DENIED'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'INVALID'
  | 'UNAVAILABLE'
  | 'FAILED'
  | 'LOG_LIMIT';

/** Refusal or failure of one capability call. Only `code`, `message` and `refused` reach the script. */
export class CapabilityError extends Error {
  readonly code: CallCode;
  /**
   * Failure code of the activity if the script does not catch this error: `CAPABILITY_REFUSED`, `TENANT_REFUSED`,
   * `FHIR_UNAVAILABLE`, `DB_UNAVAILABLE` or `HTTP_UNAVAILABLE`. Absent: `SCRIPT_ERROR`.
   */
  readonly activityCode: ActivityCallCode | undefined;

  constructor(code: CallCode, message: string, activityCode?: ActivityCallCode) {
    super(message);
    this.name = 'CapabilityError';
    this.code = code;
    this.activityCode = activityCode;
  }
}

/** Activity failure codes that an uncaught capability error turns into. */
export type ActivityCallCode =
  | 'CAPABILITY_REFUSED'
  | 'TENANT_REFUSED'
  | 'FHIR_UNAVAILABLE'
  | 'DB_UNAVAILABLE'
  | 'HTTP_UNAVAILABLE';

/** What one run may do: what its project declares, cut down to what its tenant is granted. */
export interface Grants {
  readonly capabilities: ReadonlySet<'fhir' | 'db' | 'http' | 'log'>;
  /** True: of `fhir`, reads and searches alone. */
  readonly readOnly?: boolean;
  readonly http: {
    /** Allowed origins, such as `https://api.example.org` or `https://*.example.org` (one label per star). */
    readonly allow: readonly string[];
    /** Origins that the project declares and the tenant is not granted. Absent: none. */
    readonly refused?: readonly string[];
    /** Address ranges (CIDR) outside the public internet that this tenant may reach; empty by default. */
    readonly privateRanges: readonly string[];
    readonly secrets: ReadonlyMap<string, { readonly origin: string; readonly header: string; readonly value: string }>;
  };
  readonly db: { readonly tables: readonly string[]; readonly functions: readonly string[] };
  /** Variables of the script's frozen `env`. */
  readonly env: Readonly<Record<string, string>>;
}

/** Everything the host knows of the run that makes a call. */
export interface RunContext {
  /** Organization id of the tenant; null for a run without tenant. */
  readonly tenant: string | null;
  readonly runId: string;
  readonly workflow: string;
  readonly activity: string;
  readonly attempt: number;
  readonly digest: string;
  readonly grants: Grants;
  /** Epoch milliseconds after which no call starts. */
  readonly deadline: number;
  /** Aborted when the run ends for any reason. */
  readonly signal: AbortSignal;
  /**
   * Key of one write: run id + activity id + number of the write call, the same in every attempt
   * (`<runId>:<activity>:<n>`, n from 0). Call it once per write.
   */
  nextWriteKey(): string;
  /**
   * Set by the broker: reports that this call was denied, for the audit, where the script is told something else so that it
   * learns nothing. A rejection with `DENIED` needs no report.
   */
  denied?(): void;
}

/** One method of a capability. `args` is parsed JSON of the script's and must be checked before use. */
export type Method = (args: unknown, context: RunContext) => Promise<unknown>;

/** A capability: its methods by own name, e.g. `fhir.read`. Calls may overlap; after `close` none may start. */
export interface Capability {
  readonly methods: ReadonlyMap<string, Method>;
  close(): Promise<void>;
}
