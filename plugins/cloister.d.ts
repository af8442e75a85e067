/**
 * The module `cloister`: everything a script can reach outside its own isolate.
 *
 * Each function makes one call to the host, which knows the run's tenant and never takes it from the script. A call that is
 * refused or fails rejects with an `Error` whose `code` is one of `CallCode` and whose message is safe to show. Left
 * uncaught it fails the activity: with `CAPABILITY_REFUSED` or `TENANT_REFUSED` when it was not allowed, with
 * `FHIR_UNAVAILABLE`, `DB_UNAVAILABLE` or `HTTP_UNAVAILABLE` when the other side is down, else with `SCRIPT_ERROR`.
 *
 * Limits of a run unless its tenant or project sets others: 1,000 calls, 10 of them open at once (further ones wait for
 * their turn), 1 MiB of JSON per argument, 4 MiB per answer, 256 levels of nesting, 1,000 log lines.
 *
 * All values cross as JSON: `undefined` members are dropped, dates must be text, and what comes back is a copy.
 */
declare module 'cloister' {
  import type { PostgrestClient } from '@supabase/postgrest-js';

  /** `code` of the error that a capability call rejects with. */
  export type CallCode =
    /** An argument has the wrong shape, or a URL that is not allowed. */
    | 'BAD_ARGUMENT'
    /** The argument nests deeper than 256 levels. */
    | 'TOO_DEEP'
    /** Argument or answer is over its limit. */
    | 'TOO_LARGE'
    /** The run has used up its calls, or its tenant has too many requests open. */
    | 'TOO_MANY_CALLS'
    | 'UNKNOWN_METHOD'
    /** Not declared by the project, not granted to the tenant, or refused by the other side. */
    | 'DENIED'
    /** No such resource under this tenant. */
    | 'NOT_FOUND'
    /** The other side's state is in the way, such as a version or a condition that does not hold. */
    | 'CONFLICT'
    /** The other side, or an evaluated text, rejects the content. */
    | 'INVALID'
    /** The other side does not answer. Worth a retry. */
    | 'UNAVAILABLE'
    | 'FAILED'
    /** The run has used up its log lines; only ever read in the log. */
    | 'LOG_LIMIT';

  /** Any FHIR resource. Fields beyond these are `unknown` until a type of your own names them. */
  export interface Resource {
    resourceType: string;
    id?: string;
    meta?: { versionId?: string; lastUpdated?: string; profile?: string[]; tag?: { system?: string; code?: string }[] };
    [field: string]: unknown;
  }

  /** One entry of a bundle: `request` goes to the server, `search` and `response` come from it. */
  export interface BundleEntry<T extends Resource = Resource> {
    fullUrl?: string;
    resource?: T;
    search?: { mode?: 'match' | 'include' | 'outcome' };
    request?: {
      method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
      /** Relative: `Type`, `Type/id` or `Type?query`. */
      url: string;
      ifMatch?: string;
      ifNoneMatch?: string;
      /** Query of a conditional create, without `?`. */
      ifNoneExist?: string;
    };
    response?: { status: string; location?: string; etag?: string; outcome?: Resource };
  }

  /** A FHIR R4 bundle. */
  export interface Bundle<T extends Resource = Resource> extends Resource {
    resourceType: 'Bundle';
    type: 'searchset' | 'transaction' | 'transaction-response' | 'batch' | 'batch-response' | 'collection' | 'history';
    total?: number;
    link?: { relation: string; url: string }[];
    entry?: BundleEntry<T>[];
  }

  /** Value of one search parameter. */
  export type Scalar = string | number | boolean;

  /** Search parameters, with modifiers and prefixes in FHIR's own form. A list repeats the parameter. */
  export type Params = Readonly<Record<string, Scalar | readonly Scalar[]>>;

  /** RFC 6902. */
  export type JsonPatch = readonly (
    | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
    | { readonly op: 'remove'; readonly path: string }
    | { readonly op: 'move' | 'copy'; readonly path: string; readonly from: string }
  )[];

  /**
   * FHIR R4 under the run's tenant. Types and ids, never URLs: what belongs to another tenant is `NOT_FOUND`. Writes carry a
   * key that is the same in every attempt of the activity, so a retry does not write twice. The type argument of `read`,
   * `search` and `patch` is the caller's word, not checked.
   */
  export const fhir: {
    /** The current version. Rejects with `NOT_FOUND`, for a deleted one too. */
    read<T extends Resource = Resource>(type: string, id: string): Promise<T>;
    /**
     * One page of matches and includes as the server sent it; further pages are named by `link`. Chained parameters, `_has`
     * and parameters that run queries of another kind are `DENIED`; `_count` is cut to 1,000.
     */
    search<T extends Resource = Resource>(type: string, params?: Params): Promise<Bundle<T>>;
    /** Stores it under a new id, which the host makes: the same one when an attempt is repeated. Rejects with `INVALID`. */
    create<T extends Resource>(resource: T): Promise<T & { id: string }>;
    /** PUT, which creates too. Needs `id`. With `meta.versionId` of an older version it rejects with `CONFLICT`. */
    update<T extends Resource>(resource: T): Promise<T & { id: string }>;
    /** Rejects with `NOT_FOUND`, or with `INVALID` when an operation does not apply; then nothing has changed. */
    patch<T extends Resource = Resource>(type: string, id: string, ops: JsonPatch): Promise<T>;
    /** Resolves for a resource that is already gone. */
    delete(type: string, id: string): Promise<void>;
    /**
     * Posts a bundle of type `transaction` or `batch`. A transaction is all or nothing: if one entry is refused the call
     * rejects and no entry is applied. A batch resolves, with the status of each entry in its `response`. Entries have
     * relative URLs of this tenant only. A POST entry gets its id from the host, as with `create`.
     */
    transaction(bundle: Bundle): Promise<Bundle>;
  };

  /**
   * The tables and functions of the database that the tenant is granted, as the query builder of supabase-js. A query
   * resolves to `{ data, error, count }` and does not reject; row-level security shows the tenant's own rows only.
   */
  export const db: Pick<PostgrestClient, 'from' | 'rpc'>;

  /** HTTP to the origins that the tenant is granted. The global `fetch` is a thin shim over it. */
  export const http: {
    /**
     * One request. Up to 5 redirects are followed, each judged like the first. `timeoutMs` is 30,000 at most, and what is left
     * of the run. `secret` names a secret of the tenant, which the host puts into its header if the URL is of the secret's own
     * origin. Rejects with `DENIED` for an address that is not granted, `TOO_LARGE` for an answer over 1 MiB, `UNAVAILABLE`; a
     * status of 400 or above is an answer.
     */
    fetch(
      url: string,
      init?: {
        method?: string;
        headers?: Record<string, string>;
        body?: string;
        timeoutMs?: number;
        secret?: string;
      },
    ): Promise<{ status: number; headers: Record<string, string>; body: string }>;
  };

  /**
   * Lines of the run's log, in order and without waiting. A line is cut at 8 Ki characters; `data` is any JSON value. Never
   * throws: past the limit one last line says `LOG_LIMIT` and the rest are dropped.
   */
  export const log: Record<'debug' | 'info' | 'warn' | 'error', (message: string, data?: unknown) => void>;

  /** Variables that the project declares and the tenant is granted, frozen. Any other name is undefined. */
  export const env: Readonly<Record<string, string | undefined>>;

  /** The run this script belongs to. */
  export const run: Readonly<{
    /** Temporal's run id; stays the same over all activities and attempts of a run. */
    id: string;
    /** Workflow id, as in its YAML. */
    workflow: string;
    /** Activity id, as in the YAML. */
    activity: string;
    /** From 1. */
    attempt: number;
    /** ISO 8601. */
    startedAt: string;
    /** True when clock and randomness are seeded by the run instead of real. */
    deterministic: boolean;
  }>;

  /**
   * Evaluates data that is code, such as the applicability of a ChargeItemDefinition, in a second isolate without any
   * capability. `source` is an expression, or the body of a function that returns; the members of `scope` are its variables
   * and must be named like variables. Resolves to the JSON value of the result. Ends after `timeoutMs` (default 250, at
   * most 1,000) of CPU time, which counts towards the run's own; the answer may have 256 Ki characters.
   * Rejects with `INVALID` when the text does not parse, throws, or passes a limit, with `BAD_ARGUMENT` for a bad scope.
   */
  export function evaluate(
    source: string,
    scope?: Readonly<Record<string, unknown>>,
    options?: { timeoutMs?: number },
  ): Promise<unknown>;
}

/**
 * The rules of the manifest that an activity of `billing-case/evaluate-validation-rules` names in its `manifestPath`, bundled
 * with that activity. The host makes this module; only that built-in imports it.
 */
declare module 'cloister:validation-rules' {
  /** Path of the manifest, relative to the project and normalized; null when the activity names none. */
  export const manifestPath: string | null;

  /** In the order of the manifest. */
  export const rules: readonly {
    readonly id: string;
    readonly name: string;
    readonly category: string;
    readonly level: 'patient' | 'encounter' | 'procedure' | 'claim';
    readonly severity: 'error' | 'warning' | 'information';
    readonly message: string;
    readonly dashboard?: string;
    readonly worklist?: string;
    /** The rule script's `main`. What it returns is the author's word until checked. */
    readonly main: (input: { subject: unknown; context: unknown; params?: unknown }) => unknown;
  }[];
}
