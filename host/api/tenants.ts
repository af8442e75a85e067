/** `/tenants`: who there is, and what each is granted. Values of secrets go in and never come out. */
import { z } from 'zod';
import {
  parseSettings,
  type Store,
  StoreError,
  type Tenant,
  type TenantSecret,
  type TenantSettings,
} from '../../registry/index.ts';
import { DEFAULT_LIMITS } from '../../sandbox/index.ts';
import { ApiError } from '../error.ts';
import { isTenant } from '../tenants.ts';
import { regarding } from './audit.ts';
import { endpoint, need } from './endpoint.ts';
import { NAME, TENANT } from './keys.ts';
import { shown } from './query.ts';

const MOST = 200;
const TEXTS = z.array(z.string().max(500)).max(1000);
const NUMBER = z.int().positive().optional();
/** Names that a declaration may limit too. */
const LIMITS = z.strictObject(Object.fromEntries(Object.keys(DEFAULT_LIMITS).map((name) => [name, NUMBER])));

const SECRET = z.strictObject({
  origin: z
    .string()
    .max(500)
    .meta({ examples: ['https://api.example.org'] }),
  header: z.string().max(200),
  value: z.string().max(10_000).optional().meta({
    description:
      'Kept encrypted. With neither value nor env the value that is kept stays, for the same origin and header.',
  }),
  env: z.string().max(200).optional().meta({ description: "Name of the host's variable that holds it." }),
});

const SETTINGS = z.strictObject({
  capabilities: z.array(z.enum(['fhir', 'db', 'http', 'log'])).optional(),
  http: z.strictObject({ allow: TEXTS.optional(), privateRanges: TEXTS.optional() }).optional(),
  db: z.strictObject({ tables: TEXTS.optional(), functions: TEXTS.optional() }).optional(),
  env: TEXTS.optional(),
  secrets: z.record(z.string().max(200), SECRET).optional(),
  limits: LIMITS.optional(),
});

const VIEW = z
  .object({
    id: z.string(),
    name: z.string(),
    organizationId: z.string(),
    settings: SETTINGS.meta({ description: 'What the tenant is granted. Secrets without their values.' }),
  })
  .meta({ id: 'Tenant' });

const READS = { role: 'admin', scope: 'access:read', tenants: 'none' } as const;
const WRITES = { role: 'admin', scope: 'access:write', tenants: 'none' } as const;

/** Endpoints about tenants. */
export const tenantEndpoints = [
  endpoint({
    method: 'GET',
    path: '/tenants',
    operation: 'list-tenants',
    tag: 'access',
    summary: 'Tenants by their id.',
    access: READS,
    query: z.object({
      cursor: z.string().max(64).optional().meta({ description: 'The nextCursor of an earlier answer.' }),
    }),
    answers: {
      200: {
        description: `At most ${MOST}.`,
        schema: z.object({ tenants: z.array(VIEW), nextCursor: z.string().nullable() }),
      },
    },
    handler: async ({ query: { cursor: after } }, { rows }) => {
      const found = await need(rows, 'database').listTenants({ ...(after !== undefined && { after }), atMost: MOST });
      return { tenants: found.map(toView), nextCursor: found.length < MOST ? null : (found.at(-1)?.id ?? null) };
    },
  }),
  endpoint({
    method: 'GET',
    path: '/tenants/{id}',
    operation: 'get-tenant',
    tag: 'access',
    summary: 'One tenant.',
    access: READS,
    errors: ['TENANT_NOT_FOUND'],
    answers: { 200: { description: 'The tenant.', schema: VIEW } },
    handler: async ({ params }, { rows }) => {
      const id = String(params.id);
      const found = isTenant(id) ? await need(rows, 'database').showTenant(id) : null;
      return toView(found ?? missing(id));
    },
  }),
  endpoint({
    method: 'PUT',
    path: '/tenants/{id}',
    operation: 'put-tenant',
    tag: 'access',
    summary: 'Creates a tenant, or replaces all that it is granted; runs that begin afterwards get it.',
    access: WRITES,
    errors: ['TENANT_INVALID'],
    body: z.strictObject({
      name: NAME,
      organizationId: TENANT.optional().meta({ description: 'Absent: the id.' }),
      settings: SETTINGS.optional().meta({ description: 'Absent, or a key of it: nothing is granted.' }),
    }),
    answers: { 200: { description: 'The tenant as it is now.', schema: VIEW } },
    handler: async ({ params, body, request }, { rows }) => {
      const id = String(params.id);
      if (!isTenant(id))
        throw new ApiError('TENANT_INVALID', 'the id is not valid', { where: 'path', found: shown(id) });
      regarding(request, { tenant: id });
      const { name, organizationId = id, settings = {} } = body;
      const store = need(rows, 'database');
      const kept = await withKept(store, id, settings);
      const tenant = { id, name, organizationId, settings: judged(kept, id) };
      await store.upsertTenant(tenant).catch(explain);
      return toView(tenant);
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/tenants/{id}',
    operation: 'delete-tenant',
    tag: 'access',
    summary: 'Removes a tenant with its grants and its API keys; its data stays where it is.',
    access: WRITES,
    errors: ['TENANT_NOT_FOUND'],
    answers: { 204: { description: 'It is gone.' } },
    handler: async ({ params, request, h }, { rows, keys }) => {
      const id = String(params.id);
      regarding(request, { tenant: id });
      if (!isTenant(id) || !(await need(rows, 'database').deleteTenant(id))) missing(id);
      await need(keys, 'database').revokeOf(id);
      return h.response().code(204);
    },
  }),
];

type Asked = z.output<typeof SETTINGS>;

/**
 * A secret that comes without its value keeps the one that is there: what was read can be written back. Only for the same
 * origin and header, so that nobody has a value that he does not know sent to a place of his own.
 */
async function withKept(store: Store, id: string, settings: Asked): Promise<Asked> {
  const { secrets = {} } = settings;
  const open = Object.entries(secrets).filter(([, { value, env }]) => value === undefined && env === undefined);
  if (open.length === 0) return settings;
  const old: Readonly<Record<string, TenantSecret>> =
    (await store.getTenant(id).catch(explain))?.settings.secrets ?? {};
  const found = open.map(([alias, secret]) => {
    const known = Object.hasOwn(old, alias) ? old[alias] : undefined;
    if (known?.value && known.origin === secret.origin && known.header === secret.header) {
      return [alias, { ...secret, value: known.value }] as const;
    }
    throw new ApiError('BODY_INVALID', 'the body is not valid', {
      where: `body settings.secrets.${alias}`,
      found: 'neither value nor env',
      expected: 'one of them: no value is kept for this alias, origin and header',
    });
  });
  return { ...settings, secrets: { ...secrets, ...Object.fromEntries(found) } };
}

/** The registry has the last word on what is a grant. */
function judged(settings: Asked, id: string): TenantSettings {
  try {
    return parseSettings(settings, id);
  } catch (error) {
    return explain(error);
  }
}

/** What a client can mend of what the store refuses. Its messages name tenants and aliases, never values. */
function explain(error: unknown): never {
  if (!(error instanceof StoreError)) throw error;
  const { code, message } = error;
  if (code === 'SECRET_KEY_MISSING')
    throw new ApiError('NOT_CONFIGURED', 'this host has no CLOISTER_SECRET_KEY for secrets');
  if (code === 'SECRET_UNREADABLE') {
    throw new ApiError('BODY_INVALID', 'the kept value of a secret cannot be read: send it again', {
      where: 'body settings.secrets',
    });
  }
  if (code !== 'TENANT_INVALID') throw error;
  const [, where = '', expected = ''] = /^tenant [^:]*: (.*?): expected (.*)$/.exec(message) ?? [];
  throw new ApiError('BODY_INVALID', 'the body is not valid', { where: `body ${where}`, expected });
}

function missing(id: string): never {
  throw new ApiError('TENANT_NOT_FOUND', 'no such tenant', { where: 'path', found: shown(id) });
}

function toView({ id, name, organizationId, settings }: Tenant) {
  const { capabilities, http, db, env, limits, secrets } = settings;
  const shownSecrets = Object.entries(secrets).map(([alias, { origin, header, env: variable }]) => {
    return [alias, { origin, header, ...(variable !== null && { env: variable }) }];
  });
  return {
    id,
    name,
    organizationId,
    settings: { capabilities, http, db, env, limits, secrets: Object.fromEntries(shownSecrets) },
  };
}
