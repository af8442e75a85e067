/** Plugins as the API shows them. */
import { z } from 'zod';
import { type Declaration, LATEST, type PluginVersion } from '../../registry/index.ts';
import type { Plugin } from './sight.ts';

const name = z.string().meta({ examples: ['@acme/claims'] });
const version = z.string().meta({ examples: ['1.2.0'] });
const digest = z.string().meta({ description: 'sha256 of the content, hex, whatever it was packed in.' });
const owner = z.string().nullable().meta({ description: "Organization whose plugin it is; null: everybody's." });
const time = z.iso.datetime();
const deprecated = z.object({ message: z.string(), at: time, by: z.string() }).nullable();

const names = z.array(z.string()).readonly();
const declaration = z.object({
  capabilities: z.array(z.enum(['fhir', 'db', 'http', 'log'])).readonly(),
  http: z.object({ allow: names }),
  db: z.object({ tables: names, functions: names }),
  env: names,
  secrets: names,
  limits: z.custom<Declaration['limits']>().meta({ description: 'Name → number.', type: 'object' }),
  deterministic: z.boolean(),
});

/** One version. */
export const VERSION_VIEW = z
  .object({
    name,
    version,
    digest,
    tenantOrganizationId: owner,
    description: z.string(),
    scripts: z.record(z.string(), z.string()).meta({ description: 'Name → path of its file.' }),
    declaration: declaration.meta({ description: 'What its scripts may ask for, as in `cloister.yaml`.' }),
    files: z.array(z.object({ path: z.string(), bytes: z.number().int() })).readonly(),
    publishedAt: time,
    publishedBy: z.string(),
    deprecated,
  })
  .meta({ id: 'PluginVersion' });

/** One plugin in a list. */
export const LISTED_VIEW = z
  .object({
    name,
    tenantOrganizationId: owner,
    description: z.string(),
    latest: version,
    versions: z.number().int().meta({ description: 'How many there are.' }),
  })
  .meta({ id: 'ListedPlugin' });

/** One plugin. */
export const PLUGIN_VIEW = z
  .object({
    name,
    tenantOrganizationId: owner,
    channels: z.record(z.string(), version).meta({ description: 'Where each leads, for this caller.' }),
    versions: z
      .array(z.object({ version, digest, publishedAt: time, deprecated }))
      .meta({ description: 'Highest first.' }),
  })
  .meta({ id: 'Plugin' });

/** A version as shown. */
export function toVersionView({ owner: tenantOrganizationId, digest: own, manifest, ...rest }: PluginVersion) {
  const { files, published, deprecated: told } = rest;
  return {
    ...manifest,
    digest: own,
    tenantOrganizationId,
    files,
    publishedAt: published.at,
    publishedBy: published.by,
    deprecated: told,
  } satisfies z.output<typeof VERSION_VIEW>;
}

/** A plugin as a list shows it. */
export function toListed({ name: own, owner: tenantOrganizationId, versions, channels }: Plugin) {
  const description = versions[0]?.manifest.description ?? '';
  return {
    name: own,
    tenantOrganizationId,
    description,
    latest: channels[LATEST] ?? '',
    versions: versions.length,
  } satisfies z.output<typeof LISTED_VIEW>;
}

/** A plugin as shown. */
export function toPluginView({ name: own, owner: tenantOrganizationId, versions, channels }: Plugin) {
  return {
    name: own,
    tenantOrganizationId,
    channels,
    versions: versions.map(({ manifest, digest: each, published, deprecated: told }) => {
      return { version: manifest.version, digest: each, publishedAt: published.at, deprecated: told };
    }),
  } satisfies z.output<typeof PLUGIN_VIEW>;
}
