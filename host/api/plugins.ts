/** `/plugins`: uploads, what there is, and where channels lead. */
import { Readable } from 'node:stream';
import { z } from 'zod';
import { isChannel, isPluginName, isVersion } from '../../registry/index.ts';
import { ApiError } from '../error.ts';
import type { Actor, Plugins } from '../plugins/index.ts';
import { UPLOAD_LIMITS } from '../plugins/receive.ts';
import { PLUGIN_JSON, readUpload } from '../plugins/upload.ts';
import { LISTED_VIEW, PLUGIN_VIEW, toListed, toPluginView, toVersionView, VERSION_VIEW } from '../plugins/view.ts';
import { isTenant } from '../tenants.ts';
import { regarding } from './audit.ts';
import type { Caller } from './caller.ts';
import { type AccessRule, endpoint, need } from './endpoint.ts';
import { shown } from './query.ts';
import type { ApiParts } from './server.ts';

const READS = { role: 'viewer', scope: 'plugins:read', tenants: 'own' } as const satisfies AccessRule;
const WRITES = { role: 'developer', scope: 'plugins:write', tenants: 'own' } as const satisfies AccessRule;

const QUERY = z.object({
  tenant: z
    .string()
    .refine(isTenant, 'expected the id of an Organization')
    .optional()
    .meta({ description: 'For callers of the host: act for this Organization. Absent: for everybody.' }),
});

const MESSAGE = z.strictObject({
  message: z
    .string()
    .trim()
    .min(1, 'expected a text')
    .max(500, 'expected at most 500 characters')
    .regex(/^\P{Cc}*$/u, 'expected one line')
    .nullable()
    .meta({
      description: 'What users of the version are told; null takes the deprecation back.',
      examples: ['use 2.x'],
    }),
});

const MOVE = z.strictObject({
  version: z
    .string()
    .refine(isVersion, 'expected an exact version')
    .meta({ examples: ['1.2.0'] }),
});

const { $schema, ...AS_JSON } = z.toJSONSchema(PLUGIN_JSON);

/** A stream as it comes, whose content is judged while it is read; the document shows what JSON it may be. */
const UPLOAD = z
  .custom<Readable>((value) => value instanceof Readable || PLUGIN_JSON.safeParse(value).success)
  .meta(AS_JSON);

/** Endpoints about plugins. */
export const pluginEndpoints = [
  endpoint({
    method: 'POST',
    path: '/plugins',
    operation: 'publish-plugin',
    tag: 'plugins',
    summary: 'Publishes a version of a plugin, whole or not at all: a tar.gz, or its files as JSON.',
    access: WRITES,
    query: QUERY,
    body: UPLOAD,
    answers: {
      200: { description: 'The same version with the same content was there before.', schema: VERSION_VIEW },
      201: {
        description: 'The version; `warnings` where its scripts could be better.',
        schema: VERSION_VIEW.extend({ warnings: z.array(z.unknown()).optional() }),
      },
    },
    errors: [
      'ARCHIVE_INVALID',
      'BODY_TOO_LARGE',
      'CAPABILITY_REFUSED',
      'MEDIA_TYPE_UNSUPPORTED',
      'PLUGIN_INVALID',
      'PLUGIN_NAME_TAKEN',
      'PLUGIN_VERSION_EXISTS',
      'RATE_LIMITED',
      'UPLOAD_TIMED_OUT',
    ],
    options: {
      payload: {
        output: 'stream',
        parse: false,
        maxBytes: UPLOAD_LIMITS.bytes,
        allow: ['application/json', 'application/gzip'],
        // What the body is said to be is judged later: hapi would answer another kind before anybody can say which are taken.
        override: 'application/json',
      },
      timeout: { server: 120_000 },
    },
    handler: async ({ caller, query, body, request, h }, parts) => {
      const plugins = ours(parts);
      const actor = actorOf(caller, query.tenant);
      const { version, isNew, warnings } = await plugins.places.during(actor.tenant, async () =>
        plugins.publish(actor, await readUpload(body, request.headers, UPLOAD_LIMITS)),
      );
      const view = toVersionView(version);
      const { name, digest } = view;
      regarding(request, { tenant: actor.tenant, target: { plugin: name, version: view.version, digest } });
      return h.response(warnings.length > 0 ? { ...view, warnings } : view).code(isNew ? 201 : 200);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/plugins',
    operation: 'list-plugins',
    tag: 'plugins',
    summary: "Everybody's plugins, and those of the tenant.",
    access: READS,
    query: QUERY,
    answers: { 200: { description: 'By name.', schema: z.object({ plugins: z.array(LISTED_VIEW) }) } },
    handler: async ({ caller, query }, parts) => ({
      plugins: (await ours(parts).list(actorOf(caller, query.tenant).tenant)).map(toListed),
    }),
  }),
  endpoint({
    method: 'GET',
    path: '/plugins/{scope}/{name}',
    operation: 'get-plugin',
    tag: 'plugins',
    summary: 'One plugin with its versions and channels.',
    access: READS,
    query: QUERY,
    answers: { 200: { description: 'The plugin.', schema: PLUGIN_VIEW } },
    errors: ['PLUGIN_NOT_FOUND'],
    handler: async ({ caller, params, query }, parts) =>
      toPluginView(await ours(parts).get(actorOf(caller, query.tenant).tenant, nameOf(params))),
  }),
  endpoint({
    method: 'GET',
    path: '/plugins/{scope}/{name}/{version}',
    operation: 'get-plugin-version',
    tag: 'plugins',
    summary: 'One version with its digest, scripts and files.',
    access: READS,
    query: QUERY,
    answers: { 200: { description: 'The version.', schema: VERSION_VIEW } },
    errors: ['PLUGIN_NOT_FOUND'],
    handler: async ({ caller, params, query }, parts) => {
      const { tenant } = actorOf(caller, query.tenant);
      return toVersionView(await ours(parts).version(tenant, nameOf(params), String(params.version)));
    },
  }),
  endpoint({
    method: 'POST',
    path: '/plugins/{scope}/{name}/{version}/deprecate',
    operation: 'deprecate-plugin-version',
    tag: 'plugins',
    summary: 'Warns all who use a version; it goes on to work.',
    access: WRITES,
    query: QUERY,
    body: MESSAGE,
    answers: { 200: { description: 'The version.', schema: VERSION_VIEW } },
    errors: ['PLUGIN_NOT_FOUND'],
    handler: async ({ caller, params, query, body, request }, parts) => {
      const actor = actorOf(caller, query.tenant);
      regarding(request, { tenant: actor.tenant });
      const { message } = body;
      return toVersionView(await ours(parts).deprecate(actor, nameOf(params), String(params.version), message));
    },
  }),
  endpoint({
    method: 'PUT',
    path: '/plugins/{scope}/{name}/channels/{channel}',
    operation: 'move-plugin-channel',
    tag: 'plugins',
    summary:
      'Makes a channel lead to a version: for the tenant, or for everybody. New runs follow, running ones do not.',
    access: WRITES,
    query: QUERY,
    body: MOVE,
    answers: { 200: { description: 'The plugin.', schema: PLUGIN_VIEW } },
    errors: ['PLUGIN_NOT_FOUND'],
    handler: async ({ caller, params, query, body, request }, parts) => {
      const actor = actorOf(caller, query.tenant);
      const moved = await ours(parts).move(actor, nameOf(params), channelOf(params), body.version);
      regarding(request, { tenant: actor.tenant, target: { version: body.version } });
      return toPluginView(moved);
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/plugins/{scope}/{name}/channels/{channel}',
    operation: 'release-plugin-channel',
    tag: 'plugins',
    summary: 'Takes a move back: `latest` is the highest version again, or what the host has chosen.',
    access: WRITES,
    query: QUERY,
    answers: { 200: { description: 'The plugin.', schema: PLUGIN_VIEW } },
    errors: ['PLUGIN_NOT_FOUND'],
    handler: async ({ caller, params, query, request }, parts) => {
      const actor = actorOf(caller, query.tenant);
      regarding(request, { tenant: actor.tenant });
      return toPluginView(await ours(parts).letGo(actor, nameOf(params), channelOf(params)));
    },
  }),
];

type Params = Readonly<Record<string, string>>;

function ours({ plugins }: ApiParts): Plugins {
  return need(plugins, 'database for plugins');
}

/** A caller bound to a tenant acts for that one, whatever else is asked for. */
function actorOf(caller: Caller | null, asked: string | undefined): Actor {
  if (caller === null) throw new ApiError('UNAUTHORIZED', 'a valid bearer token is needed');
  const { name, tenant } = caller;
  if (tenant === null || asked === undefined || asked === tenant) return { name, tenant: tenant ?? asked ?? null };
  throw new ApiError('FORBIDDEN', 'a caller bound to a tenant acts for that one');
}

/** `@acme/claims` out of the path, with or without its `@`. A name of another form names no plugin. */
function nameOf({ scope = '', name = '' }: Params): string {
  const full = `@${scope.replace(/^@/, '')}/${name}`;
  if (isPluginName(full)) return full;
  throw new ApiError('PLUGIN_NOT_FOUND', 'no such plugin', { where: 'path', found: shown(full) });
}

function channelOf({ channel = '' }: Params): string {
  if (isChannel(channel)) return channel;
  throw new ApiError('BODY_INVALID', 'the name of the channel is not valid', {
    where: 'path',
    found: shown(channel),
    expected: 'small letters, digits and "-"',
  });
}
