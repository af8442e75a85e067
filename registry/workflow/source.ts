/** A workflow file as read: what its author wrote, with places for later checks. Best effort where there are problems. */

import type { Declaration, DeclaredLimits, Template } from '../plan.ts';
import type { Placed } from '../report/fields.ts';
import type { Report } from '../report/report.ts';
import type { PluginRef, ScriptRef } from '../scripts/ref.ts';
import type { Position, YamlMap } from '../yaml/node.ts';

/** Most activities of one workflow: each costs several events of a history that holds about 50,000. */
export const MAX_ACTIVITIES = 2_000;

/** One activity. */
export interface ActivitySource {
  /** `activities[n]` when the file gives no usable id. */
  readonly id: string;
  readonly map: YamlMap;
  readonly idAt: Position;
  readonly name: string;
  readonly description: string | null;
  /** As written. */
  readonly script: string | null;
  /** What is behind `script`; null when it has no right form or does not exist. Plugins are looked up later. */
  readonly ref: ScriptRef | PluginRef | null;
  readonly childWorkflow: Placed | null;
  readonly params: Template & { readonly kind: 'map' };
  readonly applicability: readonly Template[];
  readonly children: readonly Placed[];
  readonly retries: number;
  readonly timeoutMs: number | null;
  readonly backoff: { readonly initialMs: number; readonly coefficient: number; readonly maxMs: number } | null;
  readonly decoupled: boolean;
  readonly limits: DeclaredLimits;
  /** Null: as the workflow. */
  readonly deterministic: boolean | null;
}

/** One workflow file. */
export interface WorkflowSource {
  readonly file: string;
  /** The file name without `.yaml`. */
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  /** Declared input, name → type word; null when there is no `input`. */
  readonly input: Readonly<Record<string, string>> | null;
  readonly execution: 'sequential' | 'parallel';
  readonly rootChildren: readonly Placed[];
  readonly activities: readonly ActivitySource[];
  /** Ids of `activities` in walk order; those that are not reached are missing. */
  readonly walk: readonly string[];
  readonly declaration: Declaration;
  readonly report: Report;
}
