/** `/quarantines`: what is stopped, and its release by an operator. */
import { z } from 'zod';
import type { Quarantine } from '../../registry/index.ts';
import { ApiError } from '../error.ts';
import type { Ward } from '../quarantine.ts';
import { isTenant } from '../tenants.ts';
import { type Call, endpoint, need } from './endpoint.ts';
import { shown } from './query.ts';

/** A quarantine as the API shows it. Exactly one of `commit` and `digest` is not null. */
const VIEW = z
  .strictObject({
    id: z.string(),
    tenantOrganizationId: z.string().nullable(),
    commit: z.string().nullable(),
    digest: z.string().nullable().meta({ description: 'Of the plan, where the code is no commit’s.' }),
    status: z.enum(['standing', 'released']),
    since: z.iso.datetime(),
    kills: z.int(),
    last: z
      .strictObject({
        runId: z.string(),
        workflow: z.string(),
        activity: z.string(),
        digest: z.string(),
        code: z.string(),
      })
      .meta({ description: 'The script that was one too many.' }),
    releasedAt: z.iso.datetime().nullable(),
    releasedBy: z.string().nullable(),
  })
  .meta({ id: 'Quarantine' });

/** A quarantine as the API shows it. */
export type QuarantineView = Readonly<z.output<typeof VIEW>>;

const QUERY = z.object({
  status: z.enum(['standing', 'released'], { error: 'expected standing or released' }).default('standing'),
  tenant: z.string().refine(isTenant, { error: 'expected the id of one Organization' }).optional(),
});

/** Endpoints about quarantines. */
export const quarantineEndpoints = [
  endpoint({
    method: 'GET',
    path: '/quarantines',
    operation: 'list-quarantines',
    tag: 'operations',
    summary: 'Code that is stopped because its scripts ended their cells.',
    access: { role: 'viewer', scope: 'operations:read', tenants: 'none' },
    query: QUERY,
    answers: {
      200: { description: 'At most 200, newest first.', schema: z.strictObject({ quarantines: z.array(VIEW) }) },
    },
    handler: async ({ query: { status, tenant } }, { ward }) => {
      const wanted = { standing: status === 'standing', ...(tenant !== undefined && { tenant }) };
      return { quarantines: (await need(ward, 'quarantine').list(wanted)).map(toView) };
    },
  }),
  endpoint({
    method: 'POST',
    path: '/quarantines/{id}/release',
    operation: 'release-quarantine',
    tag: 'operations',
    summary: 'Lets stopped code run again.',
    access: { role: 'operator', scope: 'operations:write', tenants: 'none' },
    answers: { 200: { description: 'The quarantine, released.', schema: VIEW } },
    handler: async (call, { ward }) => toView(await release(need(ward, 'quarantine'), call)),
  }),
];

async function release(ward: Ward, { params, caller, request }: Call): Promise<Quarantine> {
  const id = String(params.id);
  const released = await ward.release(id, `${caller?.name ?? 'unknown'} at ${request.info.remoteAddress}`);
  if (released !== null) return released;
  throw new ApiError('QUARANTINE_NOT_FOUND', 'no such quarantine', { where: 'path', found: shown(id) });
}

function toView({ id, tenant, version, since, kills, last, releasedAt, releasedBy }: Quarantine): QuarantineView {
  const [unit, hash = null] = version.split(':');
  return {
    id,
    tenantOrganizationId: tenant,
    commit: unit === 'commit' ? hash : null,
    digest: unit === 'commit' ? null : hash,
    status: releasedAt === null ? 'standing' : 'released',
    since,
    kills,
    last,
    releasedAt,
    releasedBy,
  };
}
