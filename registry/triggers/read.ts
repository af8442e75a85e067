import { type Problem, sortProblems } from '../problem.ts';
import type { Project } from '../project.ts';
import { textOf, toJson } from '../yaml/node.ts';
import { type CheckedTrigger, checkTrigger, triggerFolders } from './check.ts';
import type { WebhookRule } from './webhook.ts';

/** A JSON object of a definition. */
export type TriggerPart = Readonly<Record<string, unknown>>;

/** A trigger as its folder defines it. A broken one is read as far as it goes: each part is null when it is not there. */
export interface Trigger {
  /** Name of the folder. */
  readonly id: string;
  /** Null when the definition does not say. */
  readonly type: CheckedTrigger['type'];
  readonly workflow: string | null;
  readonly description: string | null;
  /** Subscriptions: the topic as written, overrides of the destination, path of the mapping. */
  readonly subscriptionTopic: TriggerPart | null;
  readonly destination: TriggerPart | null;
  readonly mapping: string | null;
  /** Subscriptions and webhooks: who may post events; null: nobody. */
  readonly webhook: WebhookRule | null;
  /** Schedules: Temporal's `ScheduleSpec` and `SchedulePolicies` as written, static input without `_workflowId`. */
  readonly spec: TriggerPart | null;
  readonly policies: TriggerPart | null;
  readonly input: TriggerPart | null;
  /** Of its definition; the mapping is not built. One with an error must not be registered. */
  readonly problems: readonly Problem[];
}

/** All triggers of a snapshot, by id. */
export async function readTriggers({ files, workflows, budget }: Project): Promise<readonly Trigger[]> {
  const ids = [...workflows.keys()];
  const triggers: Trigger[] = [];
  for (const id of triggerFolders(files)) triggers.push(toTrigger(id, await checkTrigger(id, files, ids, budget)));
  return triggers;
}

function toTrigger(id: string, { type, report, fields, mapping, webhook }: CheckedTrigger): Trigger {
  const text = (name: string): string | null => textOf(fields?.get(name)) ?? null;
  const part = (name: string): TriggerPart | null => {
    const node = fields?.get(name);
    return node?.kind === 'map' ? (toJson(node) as TriggerPart) : null;
  };
  const { _workflowId: _, ...input } = part('input') ?? {};
  const isSchedule = type === 'schedule';
  return {
    id,
    type,
    workflow: text('workflow'),
    description: text('description'),
    subscriptionTopic: isSchedule ? null : part('subscriptionTopic'),
    destination: isSchedule ? null : part('destination'),
    mapping,
    webhook,
    spec: isSchedule ? part('spec') : null,
    policies: isSchedule ? part('policies') : null,
    input: isSchedule ? input : null,
    problems: sortProblems(report.problems),
  };
}
