/** What endpoints about runs read out of a request. */
import { z } from 'zod';
import type { RunOf } from '../../runs/index.ts';
import { runStatus, triggerType } from '../../runs/schema.ts';
import type { RunFilter } from '../../runs/visibility.ts';
import { isTenant } from '../../tenants.ts';
import type { Call } from '../endpoint.ts';
import { branchOf, workflowOf } from '../query.ts';
import type { ApiParts } from '../server.ts';

const LIMIT = 'expected a number from 1 to 200';
const time = z.iso
  .datetime({ offset: true, error: 'expected an ISO 8601 time with its zone' })
  .meta({ examples: ['2026-03-02T09:00:00.000Z'] });

/** How many, and from where on. */
export const page = {
  limit: z.coerce.number({ error: LIMIT }).int(LIMIT).min(1, LIMIT).max(200, LIMIT).default(50),
  cursor: z
    .string({ error: 'expected the nextCursor of an earlier answer' })
    .regex(/^[\w-]{1,512}$/, 'expected the nextCursor of an earlier answer')
    .optional(),
};

/** Filters of a list. */
export const filters = {
  status: z.enum(runStatus.options, { error: `expected ${runStatus.options.join(', ')}` }).optional(),
  commit: z
    .string({ error: 'expected one commit hash' })
    .regex(/^[0-9a-f]{40,64}$/, 'expected a whole commit hash')
    .optional(),
  tenant: z
    .string({ error: 'expected the id of one Organization' })
    .refine(isTenant, 'expected the id of one Organization')
    .optional()
    .meta({ description: 'Callers bound to a tenant see their own runs, whatever they ask for.' }),
  trigger: z
    .string({ error: 'expected one trigger' })
    .regex(
      /^(manual|subscription|schedule|workflow)(:[A-Za-z0-9][A-Za-z0-9_-]{0,127})?$/,
      'expected manual, subscription, schedule or workflow, or one of them with `:` and the id of a trigger',
    )
    .optional(),
  from: time.optional().meta({ description: 'Runs that started then or later.' }),
  to: time.optional().meta({ description: 'Runs that started then or earlier.' }),
};

/** The query of a list, parsed. */
export type Filters = z.output<z.ZodObject<typeof filters>>;

/** Null: the caller may see no run that this asks for. */
export async function filterOf(
  { request, caller }: Pick<Call, 'request' | 'caller'>,
  { shelf }: ApiParts,
  { workflow, ...asked }: Filters & { readonly workflow: string | null },
): Promise<RunFilter | null> {
  const branch = branchOf(request);
  const own = caller?.tenant ?? null;
  if (own !== null && asked.tenant !== undefined && asked.tenant !== own) return null;
  const [type, ...id] = asked.trigger?.split(':') ?? [];
  // A host-wide list is of all branches unless one is asked for.
  const isOfAll = branch === '*' || (branch === null && workflow === null);
  return {
    workflow,
    branch: isOfAll ? null : { name: await shelf.branch(branch) },
    status: asked.status ?? null,
    commit: asked.commit ?? null,
    tenant: own ?? asked.tenant ?? null,
    trigger: type === undefined ? null : { type: triggerType.parse(type), id: id.length > 0 ? id.join(':') : null },
    from: asked.from ?? null,
    to: asked.to ?? null,
  };
}

/** The run of the path. A branch is judged, and plays no other part: a run id says all. */
export async function runOf({ request, caller, params }: Call, { shelf }: ApiParts): Promise<RunOf> {
  const branch = branchOf(request);
  if (branch !== null) await shelf.branch(branch);
  return { workflow: workflowOf(request), id: String(params.runId), tenant: caller?.tenant ?? null };
}
