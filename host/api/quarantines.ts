/** `/quarantines`: what is stopped, and its release by an operator. */
import type { Request } from '@hapi/hapi';
import type { Quarantine } from '../../registry/index.ts';
import { ApiError } from '../error.ts';
import type { Ward } from '../quarantine.ts';
import { isTenant } from '../tenants.ts';
import { type Call, endpoint, need } from './endpoint.ts';
import { shown } from './query.ts';

/** A quarantine as the API shows it. Exactly one of `commit` and `digest` is not null. */
export interface QuarantineView {
  readonly id: string;
  readonly tenantOrganizationId: string | null;
  readonly commit: string | null;
  /** Digest of the plan, where the code is no commit's. */
  readonly digest: string | null;
  readonly status: 'standing' | 'released';
  /** ISO 8601. */
  readonly since: string;
  readonly kills: number;
  /** The script that was one too many. */
  readonly last: Quarantine['last'];
  readonly releasedAt: string | null;
  readonly releasedBy: string | null;
}

const STATUSES: readonly unknown[] = ['standing', 'released'];

/** Endpoints about quarantines. */
export const quarantineEndpoints = [
  endpoint({
    method: 'GET',
    path: '/quarantines',
    operation: 'list-quarantines',
    tag: 'operations',
    summary: 'Code that is stopped because its scripts ended their cells.',
    access: { role: 'viewer', scope: 'operations:read', tenants: 'none' },
    answers: { 200: { description: 'At most 200, newest first.' } },
    handler: async ({ request }, { ward }) => ({
      quarantines: (await need(ward, 'quarantine').list(queryOf(request))).map(toView),
    }),
  }),
  endpoint({
    method: 'POST',
    path: '/quarantines/{id}/release',
    operation: 'release-quarantine',
    tag: 'operations',
    summary: 'Lets stopped code run again.',
    access: { role: 'operator', scope: 'operations:write', tenants: 'none' },
    answers: { 200: { description: 'The quarantine, released.' } },
    handler: async (call, { ward }) => toView(await release(need(ward, 'quarantine'), call)),
  }),
];

async function release(ward: Ward, { params, caller, request }: Call): Promise<Quarantine> {
  const id = String(params.id);
  const released = await ward.release(id, `${caller?.name ?? 'unknown'} at ${request.info.remoteAddress}`);
  if (released !== null) return released;
  throw new ApiError('QUARANTINE_NOT_FOUND', 'no such quarantine', { where: 'path', found: shown(id) });
}

function queryOf(request: Request): { standing: boolean; tenant?: string } {
  const { status = 'standing', tenant } = request.query as Record<string, unknown>;
  if (!STATUSES.includes(status)) throw queryError('status', status, STATUSES.join(' or '));
  const standing = status === 'standing';
  if (tenant === undefined) return { standing };
  if (typeof tenant === 'string' && isTenant(tenant)) return { standing, tenant };
  throw queryError('tenant', tenant, 'the id of one Organization');
}

function queryError(name: string, found: unknown, expected: string): ApiError {
  return new ApiError('BODY_INVALID', 'the query is not valid', {
    where: `query ${name}`,
    found: shown(found),
    expected,
  });
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
