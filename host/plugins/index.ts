/** Uploaded plugins: published once and for all, seen by their owner's tenant or by everybody, found for runs. */
import {
  buildPluginScript,
  checkPlugin,
  type FindPlugin,
  type FoundPlugin,
  hasErrors,
  isVersion,
  type PluginBuild,
  type PluginFiles,
  type PluginKey,
  type PluginManifest,
  type PluginStore,
  type PluginVersion,
  type Problem,
  pluginDigest,
  readPluginManifest,
} from '../../registry/index.ts';
import { readBuiltIns } from '../builtins.ts';
import { ApiError } from '../error.ts';
import type { TenantRules } from '../tenants.ts';
import { Places } from './places.ts';
import { noVersion, ownersOf, type Plugin, toPlugin } from './sight.ts';

/** What plugins need of a host. */
export interface PluginsOptions {
  readonly store: PluginStore;
  readonly tenants: Pick<TenantRules, 'refused'>;
  readonly build: PluginBuild['build'];
  readonly builtInDir: string | null;
}

/** Who looks or acts. */
export interface Actor {
  /** Null: the host itself, whose plugins are everybody's. */
  readonly tenant: string | null;
  readonly name: string;
}

/** What became of an upload. */
export interface Published {
  readonly version: PluginVersion;
  /** False: the same was there before. */
  readonly isNew: boolean;
  readonly warnings: readonly Problem[];
}

type Built = Awaited<ReturnType<FoundPlugin['build']>>;

/** Builds kept in memory; what is pushed out is built again. */
const KEPT = 200;

/** Publishes, shows and finds plugins. Keeps nothing that another host could change. Calls may overlap. */
export class Plugins {
  /** Taken by whoever reads and publishes an upload. */
  readonly places = new Places();
  readonly #store: PluginStore;
  readonly #tenants: PluginsOptions['tenants'];
  readonly #building: PluginBuild;
  /** By digest of the plugin and name of the script. */
  readonly #built = new Map<string, Promise<Built>>();

  private constructor({ store, tenants, build }: PluginsOptions, builtIns: ReadonlyMap<string, string>) {
    this.#store = store;
    this.#tenants = tenants;
    this.#building = { build, builtIns };
  }

  /** Reads the built-ins that plugins may import. */
  static async open(options: PluginsOptions): Promise<Plugins> {
    return new Plugins(options, await readBuiltIns(options.builtInDir));
  }

  /**
   * Publishes a version, whole or not at all. Throws `PLUGIN_INVALID` with problems, `CAPABILITY_REFUSED`, `PLUGIN_NAME_TAKEN`,
   * `PLUGIN_VERSION_EXISTS`.
   */
  async publish(actor: Actor, files: PluginFiles): Promise<Published> {
    const { manifest, problems } = await readPluginManifest(files);
    if (manifest === null) throw invalid(problems);
    const { name, version } = manifest;
    const key = { owner: actor.tenant, name, version };
    const digest = pluginDigest(files);
    await this.#refuseName(key);
    const before = await this.#known(key, digest);
    if (before !== null) return { version: before, isNew: false, warnings: [] };
    await this.#refuseGrants(actor.tenant, manifest);
    const found = await checkPlugin(files, manifest, this.#building);
    if (hasErrors(found)) throw invalid(found);
    const made = { ...toVersion(actor, files, manifest), digest };
    const isNew = await this.#store.addPlugin(made, files);
    // Of two uploads at once one was first: the other is judged by what that one holds.
    const stored = await this.#known(key, digest);
    return { version: stored ?? { ...made, deprecated: null }, isNew, warnings: found };
  }

  /** What a tenant sees, by name. */
  async list(tenant: string | null): Promise<readonly Plugin[]> {
    const owners = ownersOf(tenant);
    const [versions, channels] = await Promise.all([
      this.#store.listPlugins({ owners }),
      this.#store.listPluginChannels({ owners }),
    ]);
    const byName = Map.groupBy(versions, ({ manifest }) => manifest.name);
    return [...byName]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, each]) => toPlugin(tenant, each, channels) ?? []);
  }

  /** Throws `PLUGIN_NOT_FOUND`. */
  async get(tenant: string | null, name: string): Promise<Plugin> {
    const found = await this.#find(tenant, name);
    if (found !== null) return found;
    throw missing(name);
  }

  /** One exact version. Throws `PLUGIN_NOT_FOUND`. */
  async version(tenant: string | null, name: string, version: string): Promise<PluginVersion> {
    const { versions } = await this.get(tenant, name);
    const found = versions.find(({ manifest }) => manifest.version === version);
    if (found !== undefined) return found;
    throw missing(`${name}@${version}`);
  }

  /** Warns all who use a version from now on; null takes it back. Only its owner may. Throws `PLUGIN_NOT_FOUND`, `FORBIDDEN`. */
  async deprecate(actor: Actor, name: string, version: string, message: string | null): Promise<PluginVersion> {
    const { owner } = await this.version(actor.tenant, name, version);
    if (owner !== actor.tenant)
      throw new ApiError('FORBIDDEN', "the plugin is the host's, and only it may deprecate it");
    const deprecated = message === null ? null : { message, ...deedOf(actor) };
    await this.#store.deprecatePlugin({ owner, name, version }, deprecated);
    return this.version(actor.tenant, name, version);
  }

  /** Makes a channel lead to a version: for everybody by the host, for its own runs by a tenant. Throws `PLUGIN_NOT_FOUND`. */
  async move(actor: Actor, name: string, channel: string, version: string): Promise<Plugin> {
    const { owner } = await this.version(actor.tenant, name, version);
    const { tenant } = actor;
    await this.#store.movePluginChannel({ tenant, owner, name, channel, version, moved: deedOf(actor) });
    return this.get(tenant, name);
  }

  /** Takes a move back: the channel leads again where it would without it. Throws `PLUGIN_NOT_FOUND`. */
  async letGo({ tenant }: Actor, name: string, channel: string): Promise<Plugin> {
    const { owner } = await this.get(tenant, name);
    if (!(await this.#store.dropPluginChannel({ tenant, owner, name, channel }))) throw missing(`${name}@${channel}`);
    return this.get(tenant, name);
  }

  /** Finds plugins as the runs of a tenant do; null: runs without tenant. */
  finder(tenant: string | null): FindPlugin {
    return async (name, wanted) => {
      const plugin = await this.#find(tenant, name);
      if (plugin === null) return { missing: 'plugin', known: [] };
      const version = isVersion(wanted) ? wanted : plugin.channels[wanted];
      const found = plugin.versions.find(({ manifest }) => manifest.version === version);
      return found === undefined ? noVersion(plugin) : this.#toFound(found);
    };
  }

  /** Everybody's plugin goes before a tenant's: whatever happens, nobody can put his own in its place. */
  async #find(tenant: string | null, name: string): Promise<Plugin | null> {
    const query = { name, owners: ownersOf(tenant) };
    const [versions, channels] = await Promise.all([
      this.#store.listPlugins(query),
      this.#store.listPluginChannels(query),
    ]);
    return toPlugin(tenant, versions, channels);
  }

  async #known({ owner, name, version }: PluginKey, digest: string): Promise<PluginVersion | null> {
    const versions = await this.#store.listPlugins({ name, owners: [owner] });
    const known = versions.find(({ manifest }) => manifest.version === version);
    if (known === undefined || known.digest === digest) return known ?? null;
    throw new ApiError('PLUGIN_VERSION_EXISTS', 'a version never changes', {
      where: `${name}@${version}`,
      found: `digest ${digest}`,
      expected: `digest ${known.digest}, or another version`,
    });
  }

  async #refuseName({ owner, name }: PluginKey): Promise<void> {
    const others = owner === null ? {} : { owners: [null] };
    const versions = await this.#store.listPlugins({ name, ...others });
    const clash = versions.find((version) => version.owner !== owner);
    if (clash === undefined) return;
    const found = clash.owner === null ? 'a plugin of all tenants' : `a plugin of tenant ${clash.owner}`;
    throw new ApiError('PLUGIN_NAME_TAKEN', 'the name is taken', { where: name, found, expected: 'another name' });
  }

  async #refuseGrants(tenant: string | null, manifest: PluginManifest): Promise<void> {
    const refused = tenant === null ? [] : await this.#tenants.refused(tenant, manifest);
    if (refused.length === 0) return;
    const found = refused.join(', ');
    throw new ApiError('CAPABILITY_REFUSED', 'the tenant is not granted all that the manifest asks for', {
      where: 'plugin.json',
      found,
      expected: 'only what the tenant is granted',
    });
  }

  #toFound({ owner, digest, manifest, deprecated }: PluginVersion): FoundPlugin {
    const { name, version, declaration, scripts } = manifest;
    return {
      name,
      version,
      digest,
      owner,
      declaration,
      deprecated: deprecated?.message ?? null,
      scripts: Object.keys(scripts),
      build: (script) => this.#build({ owner, name, version }, digest, scripts[script] ?? ''),
    };
  }

  #build(key: PluginKey, digest: string, path: string): Promise<Built> {
    const name = `${digest} ${path}`;
    const known = this.#built.get(name);
    if (known !== undefined) return known;
    const building = this.#make(key, digest, path);
    this.#built.set(name, building);
    const [oldest] = this.#built.keys();
    if (this.#built.size > KEPT && oldest !== undefined) this.#built.delete(oldest);
    building.catch(() => this.#built.delete(name));
    return building;
  }

  async #make(key: PluginKey, digest: string, path: string): Promise<Built> {
    const files = await this.#store.getPluginFiles(key, digest);
    if (files === null) throw new Error(`plugin ${key.name}@${key.version} is gone from the store`);
    return buildPluginScript(files, path, this.#building);
  }
}

function toVersion(actor: Actor, files: PluginFiles, manifest: PluginManifest) {
  const listed = [...files].map(([path, text]) => ({ path, bytes: Buffer.byteLength(text) }));
  return { owner: actor.tenant, manifest, files: listed, published: deedOf(actor) };
}

function deedOf({ name }: Actor) {
  return { at: new Date().toISOString(), by: name };
}

function invalid(problems: readonly Problem[]): ApiError {
  return new ApiError('PLUGIN_INVALID', 'the plugin has errors', { problems });
}

function missing(name: string): ApiError {
  return new ApiError('PLUGIN_NOT_FOUND', 'no such plugin', {
    where: 'path',
    found: JSON.stringify(name.slice(0, 150)),
  });
}
