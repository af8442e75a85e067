/**
 * `POST /rpc`: calls that Aidbox took, judged by its own rules and passes on (specification: control plane 1.3). The call is
 * made once more inside this server, so that it meets the same endpoint, checks and limits. Who the caller then is stands in
 * docs/decisions/rpc.md.
 */
import type { Request, ServerInjectResponse } from '@hapi/hapi';
import { z } from 'zod';
import { isSame } from '../access/same.ts';
import { APP, isOperation } from '../aidbox/app.ts';
import { ApiError } from '../error.ts';
import { isTenant } from '../tenants.ts';
import { type Caller, SCOPES } from './caller.ts';
import { type Endpoint, endpoint } from './endpoint.ts';
import { shown } from './query.ts';
import type { ApiParts } from './server.ts';

const PREFIX = `${APP}.`;
const LONGEST_NAME = 100;
const NAMED = z.record(z.string(), z.unknown());

const ENVELOPE = z.looseObject({
  type: z.literal('operation'),
  operation: z.looseObject({
    id: z.string().meta({ description: 'With or without `ts-billing-app.` in front.', examples: ['run-workflow'] }),
    app: z.looseObject({ id: z.literal(APP) }).optional(),
  }),
  request: z.looseObject({
    resource: z.unknown().optional().meta({ description: 'The body.' }),
    params: NAMED.optional().meta({ description: 'The query.' }),
    'route-params': NAMED.optional().meta({ description: 'The parameters of the path.' }),
    headers: NAMED.optional(),
    'oauth/user': NAMED.nullish().meta({ description: 'As Aidbox found it.' }),
    'oauth/client': NAMED.nullish(),
  }),
});

const CALL = z.looseObject({
  method: z.string().meta({ examples: [`${APP}.run-workflow`] }),
  params: NAMED.optional().meta({ description: '`body`, and parameters of path and query by name.' }),
});

const BODY = z.union([ENVELOPE, CALL], { error: 'expected the envelope of an operation, or { method, params }' });

/** What is to be called, whichever form it came in. */
interface Wanted {
  readonly operation: string;
  readonly path: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly key: string | null;
  readonly caller: Caller;
}

/** The endpoint over `endpoints`, which is asked for at each call. */
export function rpcEndpoints(endpoints: () => readonly Endpoint[]): readonly Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: '/rpc',
      operation: 'rpc',
      tag: 'rpc',
      summary: 'Operations as Aidbox calls them.',
      access: 'signed',
      scheme: 'app',
      relays: true,
      body: BODY,
      answers: {
        200: { description: "The operation's answer; to `{ method, params }` `{ result }` or `{ error }`." },
        201: { description: "The operation's answer." },
        202: { description: "The operation's answer." },
        204: { description: 'The operation has no answer.' },
      },
      options: { timeout: { server: false } },
      prove,
      handler: async ({ body, request, h }) => {
        const envelope = ENVELOPE.safeParse(body);
        const wanted = envelope.success ? ofEnvelope(envelope.data) : ofCall(CALL.parse(body));
        const answer = await relay(wanted, endpoints(), request);
        if (envelope.success) return h.response(answer.payload).type(typeOf(answer)).code(answer.statusCode);
        const value: unknown = answer.payload === '' ? null : JSON.parse(answer.payload);
        return answer.statusCode < 400 ? { result: value } : { error: value };
      },
    }),
  ];
}

function prove({ headers }: Request, { appSecret }: ApiParts): void {
  const [, given = ''] = /^Basic (\S+)$/i.exec(String(headers.authorization ?? '')) ?? [];
  const text = Buffer.from(given, 'base64').toString();
  const isApp = isSame(text, `${APP}:${appSecret ?? ''}`);
  if (appSecret === null || !isApp) throw new ApiError('UNAUTHORIZED', "the App's name and secret are needed");
}

function ofEnvelope({ operation, request }: z.output<typeof ENVELOPE>): Wanted {
  const { resource, params = {}, headers = {}, 'oauth/user': user, 'oauth/client': client } = request;
  const key = headers['idempotency-key'];
  return {
    operation: operation.id,
    path: request['route-params'] ?? {},
    query: params,
    body: resource,
    key: typeof key === 'string' ? key : null,
    caller: callerBy(user ?? null, client ?? null),
  };
}

function ofCall({ method, params = {} }: z.output<typeof CALL>): Wanted {
  const { body, ...rest } = params;
  return { operation: method, path: rest, query: rest, body, key: null, caller: callerBy(null, null) };
}

const APP_SCOPES = new Set(SCOPES.filter((scope) => !scope.startsWith('access:')));

/** Who calls: Aidbox for somebody, bound to the tenant that this somebody belongs to, or else for the host. */
function callerBy(user: Readonly<Record<string, unknown>> | null, client: Wanted['path'] | null): Caller {
  const tenants = [...new Set([...organizationsOf(user), ...organizationsOf(client)])];
  const [tenant = null] = tenants;
  if (tenants.length > 1 || (tenant !== null && !isTenant(tenant))) {
    throw new ApiError('FORBIDDEN', 'user and client must belong to one tenant at most');
  }
  const name = [user, client].flatMap((one) => (typeof one?.id === 'string' ? [nameOf(one.id)] : []));
  // Runs without a tenant are for administrators.
  const role = tenant === null ? 'admin' : 'developer';
  return { kind: 'app', name: [APP, ...name].join(' for '), role, scopes: APP_SCOPES, tenant };
}

/** As log and audit show it: PostgreSQL would take no event of a batch in which one name holds a NUL. */
const nameOf = (id: string): string => id.replace(/[^\x21-\x7e]/g, '?').slice(0, LONGEST_NAME);

/** What Aidbox writes into the meta of everything that is made under an Organization; scripts of users cannot. */
const OWNER = 'https://aidbox.app/tenant-organization-id';

const REFERENCE = z.looseObject({ id: z.string().optional(), reference: z.string().optional() });
const OWNED = z.looseObject({
  meta: z
    .looseObject({
      extension: z
        .array(
          z.looseObject({
            url: z.string(),
            // As FHIR writes it, and as Aidbox does inside.
            valueReference: REFERENCE.optional(),
            value: z.looseObject({ Reference: REFERENCE }).optional(),
          }),
        )
        .optional(),
    })
    .optional(),
});

/** Organizations that a user or client belongs to; one that cannot be read is the empty text, which is no tenant's. */
function organizationsOf(one: Readonly<Record<string, unknown>> | null): readonly string[] {
  if (one === null) return [];
  const { success, data } = OWNED.safeParse(one);
  if (!success) return [''];
  const owners = data.meta?.extension?.filter(({ url }) => url === OWNER) ?? [];
  return owners.flatMap(({ valueReference, value }) => {
    const { id, reference } = valueReference ?? value?.Reference ?? {};
    const named = reference === undefined ? [] : [/^Organization\/(.*)$/.exec(reference)?.[1] ?? ''];
    // Where both stand they must say the same: in FHIR's own form the id is that of the element, and names nobody.
    return id === undefined && named.length === 0 ? [''] : [...(id === undefined ? [] : [id]), ...named];
  });
}

async function relay(wanted: Wanted, endpoints: readonly Endpoint[], request: Request): Promise<ServerInjectResponse> {
  const name = wanted.operation.startsWith(PREFIX) ? wanted.operation.slice(PREFIX.length) : wanted.operation;
  const found = endpoints.find((each) => each.operation === name && isOperation(each));
  if (found === undefined) {
    throw new ApiError('NOT_FOUND', 'there is no such operation', { where: 'body operation', found: shown(name) });
  }
  const { info, server } = request;
  return server.inject({
    method: found.method,
    url: urlOf(found, wanted),
    headers: {
      ...(wanted.key !== null && { 'idempotency-key': wanted.key }),
      ...(wanted.body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(wanted.body !== undefined && { payload: JSON.stringify(wanted.body) }),
    auth: { strategy: 'caller', credentials: { user: wanted.caller as never } },
    remoteAddress: info.remoteAddress,
  });
}

function urlOf(found: Endpoint, { path, query }: Wanted): string {
  const names = new Set<string>();
  const filled = found.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    names.add(name);
    return encodeURIComponent(textOf('path', name, path[name]).toWellFormed());
  });
  // Names of folders up would lead to another endpoint than the one that was judged.
  if (new URL(filled, 'http://localhost').pathname !== filled || filled.includes('//') || filled.endsWith('/')) {
    throw new ApiError('BODY_INVALID', 'the path is not valid', { where: 'body path', found: shown(filled) });
  }
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (names.has(name)) continue;
    for (const each of [value].flat()) search.append(name, textOf('query', name, each));
  }
  return search.size === 0 ? filled : `${filled}?${search}`;
}

function textOf(where: string, name: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new ApiError('BODY_INVALID', 'a parameter is not valid', {
    where: `body ${where} ${name}`,
    found: shown(value),
    expected: 'a text',
  });
}

const typeOf = ({ headers }: ServerInjectResponse): string => String(headers['content-type'] ?? 'application/json');
