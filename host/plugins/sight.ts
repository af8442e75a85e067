/** What one tenant sees of the plugins that are stored. */
import {
  highest,
  LATEST,
  type NoPlugin,
  type PluginChannel,
  type PluginVersion,
  sortVersions,
} from '../../registry/index.ts';

/** All versions of one plugin as one tenant sees them, highest first, and where its channels lead. */
export interface Plugin {
  readonly name: string;
  readonly owner: string | null;
  readonly versions: readonly PluginVersion[];
  readonly channels: Readonly<Record<string, string>>;
}

/** Whose plugins a tenant sees; null: the host. */
export function ownersOf(tenant: string | null): readonly (string | null)[] {
  return tenant === null ? [null] : [null, tenant];
}

/**
 * One plugin out of what is stored under its name. Everybody's goes before the tenant's own. Null: it sees none of that name.
 */
export function toPlugin(
  tenant: string | null,
  all: readonly PluginVersion[],
  moves: readonly PluginChannel[],
): Plugin | null {
  const owner = all.some((version) => version.owner === null) ? null : tenant;
  const own = all.filter((version) => version.owner === owner);
  const [first] = own;
  if (first === undefined) return null;
  const { name } = first.manifest;
  const order = sortVersions(own.map(({ manifest }) => manifest.version));
  const place = new Map(order.map((version, n) => [version, n]));
  const versions = own.toSorted(
    (a, b) => Number(place.get(a.manifest.version)) - Number(place.get(b.manifest.version)),
  );
  const seen = moves.filter((move) => move.name === name && move.owner === owner);
  const of = (mover: string | null) =>
    seen.filter((move) => move.tenant === mover).map(({ channel, version }) => [channel, version] as const);
  // What the tenant has moved for its own runs goes before what the host has.
  const channels = Object.fromEntries([[LATEST, highest(order) ?? ''], ...of(null), ...of(tenant)]);
  return { name, owner, versions, channels };
}

/** That a plugin has no such version or channel. */
export function noVersion({ versions, channels }: Plugin): NoPlugin {
  return { missing: 'version', known: [...versions.map(({ manifest }) => manifest.version), ...Object.keys(channels)] };
}
