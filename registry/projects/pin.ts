/** What a run of a project's workflow is pinned to by its first step. Recorded in history; replay reads nothing else. */

/** The activity that a name stands for. */
export interface ActivityPin {
  readonly kind: 'component' | 'own' | 'built-in';
  /** sha256 (hex) of its bundle in the code store; null: the newest at each attempt (`activities: latest`). */
  readonly digest: string | null;
  /** Exported function of the bundle; for a built-in: `main`. */
  readonly export: string;
  /** Row of the component; null for the others. */
  readonly component: string | null;
  readonly version: string | null;
}

/** Why a name stands for nothing, although somebody offers it: a code and its sentence. */
export interface ActivityRefusal {
  readonly code: string;
  readonly message: string;
}

/** A pinned run: its code and every activity it may call. */
export interface GuestPlan {
  /**
   * Version of the guest interpreter that the run was begun with. From 2 on search attributes are looked up before they are set, and what one task
   * carries is judged as a whole.
   */
  readonly interpreter: 1 | 2;
  readonly workflow: { readonly id: string; readonly name: string };
  /** Exported function that the run is. */
  readonly entry: string;
  /** Every exported function, for children and errors. */
  readonly types: readonly string[];
  /** `sha256:` and the hex digest of `code`: the run's `codeDigest`. */
  readonly digest: string;
  /** Function expression `(function ($temporal) { … return $exports; })`; async functions are lowered to generators. */
  readonly code: string;
  /** Source map, JSON text without contents. */
  readonly map: string;
  /** By the name that workflow code calls: `sendEmail`, `sendEmail@2`. */
  readonly activities: Readonly<Record<string, ActivityPin>>;
  /** Names of activities that are broken, or that several components export; none of them is in `activities`. */
  readonly refused: Readonly<Record<string, ActivityRefusal>>;
  readonly limits: { readonly steps: number; readonly memoryMb: number };
}

/** Result of the local activity `cloister:loadPlan`. A failure ends the run non-retryably, with its code as type. */
export type LoadedGuest =
  | { readonly ok: true; readonly plan: GuestPlan }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** Header of every activity that a guest schedules, JSON: set by the interpreter, never by the guest. */
export interface ActivityHeader {
  /** Null: the plan knows no such name. */
  readonly pin: ActivityPin | null;
  readonly workflow: { readonly id: string; readonly name: string };
  /** Names the plan knows, for the error; only where `pin` is null. */
  readonly known?: readonly string[];
  /** What is wrong with the name, where the plan says it; only where `pin` is null. */
  readonly refused?: ActivityRefusal;
}

/** Name of that header. */
export const ACTIVITY_HEADER = 'cloister-activity';

/** Names that no workflow type of a project may have; members of `Object.prototype` besides. */
export const RESERVED_TYPES: ReadonlySet<string> = new Set([
  'billingWorkflow',
  'agentWorkflow',
  'processSingleNode',
  'processAgent',
  'default',
]);

/** True for a name that is kept from projects. */
export function isReservedType(name: string): boolean {
  return RESERVED_TYPES.has(name) || name in Object.prototype;
}
