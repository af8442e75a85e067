/** What Temporal knows of a run beside its argument: labels to show (memo), and the same to search by. */
import type { BillingArgs, Trigger } from './types.ts';

/** Labels of a run, as starting it and the action of a schedule take them. */
export interface Labels {
  readonly memo: Record<string, string>;
  readonly searchAttributes: Record<string, string[]>;
}

/** The labels of a run that is started with `args`. */
export function labelsOf(args: Pick<BillingArgs, 'workflow' | 'branch' | 'input' | 'trigger'>): Labels {
  const tenant = args.input.tenantOrganizationId;
  const memo = {
    CloisterWorkflow: args.workflow,
    ...(args.branch !== null && { CloisterBranch: args.branch }),
    ...(typeof tenant === 'string' && { CloisterTenant: tenant }),
    CloisterTrigger: triggerLabel(args.trigger),
  };
  return { memo, searchAttributes: Object.fromEntries(Object.entries(memo).map(([name, value]) => [name, [value]])) };
}

/** `manual`, `schedule:<id>`, `subscription:<id>`, `workflow`: a parent's id may be longer than an attribute can be. */
function triggerLabel({ type, id }: Trigger): string {
  return id === null || type === 'workflow' ? type : `${type}:${id}`;
}

/** The trigger of a label; `parent` is the workflow id of the parent, where there is one. */
export function triggerOfLabel(label: string, parent: string | null): Trigger {
  const [type = '', ...rest] = label.split(':');
  return { type: type as Trigger['type'], id: type === 'workflow' ? parent : rest.length > 0 ? rest.join(':') : null };
}
