/**
 * The plan: one workflow of a config project, parsed, checked and resolved to data. A run records it in history with its
 * first step and obeys nothing else from then on.
 */

/** A compiled value of `params` or `applicability`: a literal, a reference, a map or a list. */
export type Template =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'input'; readonly path: readonly string[] }
  | { readonly kind: 'output'; readonly activity: string; readonly path: readonly string[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [key: string, value: Template])[] }
  | { readonly kind: 'list'; readonly items: readonly Template[] };

/** Limits a project asks for; effective ones never pass the tenant's ceiling. Names and units as in `Limits` of the sandbox. */
export type DeclaredLimits = Partial<
  Record<
    | 'cpuMs'
    | 'wallMs'
    | 'heapMb'
    | 'rssMb'
    | 'calls'
    | 'inFlight'
    | 'argBytes'
    | 'resultBytes'
    | 'logLines'
    | 'concurrentRuns',
    number
  >
>;

/** What a project, or one workflow of it, declares that it needs (`cloister.yaml` or the workflow's own fields). */
export interface Declaration {
  readonly capabilities: readonly ('fhir' | 'db' | 'http' | 'log')[];
  readonly http: { readonly allow: readonly string[] };
  /** Tables and functions of the `db` capability. */
  readonly db: { readonly tables: readonly string[]; readonly functions: readonly string[] };
  readonly env: readonly string[];
  readonly secrets: readonly string[];
  readonly limits: DeclaredLimits;
  readonly deterministic: boolean;
}

/** The plugin that a script comes from. */
export interface PlanPlugin {
  readonly name: string;
  /** The exact version, also where a channel was asked for. */
  readonly version: string;
  /** Of the plugin's content. */
  readonly digest: string;
  /** Tenant whose plugin it is; null: everybody's. */
  readonly owner: string | null;
  /** What the script may ask for, in place of what the project declares. */
  readonly declaration: Declaration;
}

/** One activity of the plan. Times in milliseconds. */
export interface PlanActivity {
  readonly id: string;
  readonly name: string;
  /** As written in YAML; null for a child workflow. */
  readonly script: string | null;
  /** Digest of the script's bundle in the code store; null for a child workflow, or when `problem` says why there is none. */
  readonly bundle: string | null;
  /** Absent: the script is the project's own, or a built-in. */
  readonly plugin?: PlanPlugin;
  /** Why the script cannot run. Fails only the activity that reaches it. */
  readonly problem: {
    readonly code: 'SCRIPT_MISSING' | 'MAIN_MISSING' | 'BUILD_FAILED';
    readonly message: string;
  } | null;
  /** Workflow id of the child, with the digest of its plan in the code store; null for a script. */
  readonly childWorkflow: { readonly workflow: string; readonly plan: string } | null;
  readonly params: Template & { readonly kind: 'map' };
  readonly applicability: readonly Template[];
  readonly children: readonly string[];
  readonly maximumAttempts: number;
  /** Null: the default of 30 s for a script, none for a child workflow. */
  readonly timeoutMs: number | null;
  readonly backoff: { readonly initialMs: number; readonly coefficient: number; readonly maxMs: number } | null;
  readonly decoupled: boolean;
  readonly limits: DeclaredLimits;
  readonly deterministic: boolean;
}

/** A checked workflow, ready to walk. Canonical: the same source gives the same JSON, byte for byte. */
export interface Plan {
  /** Version of the walker this plan is written for. */
  readonly interpreter: 1;
  readonly workflow: string;
  readonly name: string;
  readonly branch: string | null;
  /** Commit hash, null for a plain folder. */
  readonly commit: string | null;
  /** True when the working tree differs from the commit. */
  readonly dirty: boolean;
  /** sha256 (hex) of all that the run can execute, dependencies included. */
  readonly digest: string;
  readonly execution: 'sequential' | 'parallel';
  readonly rootChildren: readonly string[];
  /** In walk order. */
  readonly activities: readonly PlanActivity[];
  readonly declaration: Declaration;
}
