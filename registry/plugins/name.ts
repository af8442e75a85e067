/** Names in the world of plugins: what may stand in a manifest, in a path of the API and in the YAML of a workflow. */
import semver from 'semver';

/** `@scope/name`. */
const NAME = /^@[a-z0-9][a-z0-9-]{0,38}\/[a-z0-9][a-z0-9._-]{0,63}$/;
const CHANNEL = /^[a-z][a-z0-9-]{0,31}$/;
const SCRIPT = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Scopes that name what comes with the host. */
const RESERVED = /^@(?:aidbox-billing|cloister)\//;

const LONGEST_VERSION = 64;

/** The channel that every plugin has. */
export const LATEST = 'latest';

/** What a plugin may be called. */
export function isPluginName(text: string): boolean {
  return NAME.test(text) && !RESERVED.test(text);
}

/** An exact version. What follows a `+` has no place in the order of versions, and is refused. */
export function isVersion(text: string): boolean {
  return text.length <= LONGEST_VERSION && semver.valid(text) === text;
}

/** A name of versions that can be moved. */
export function isChannel(text: string): boolean {
  return CHANNEL.test(text);
}

/** A script's name in its manifest. */
export function isScriptName(text: string): boolean {
  return SCRIPT.test(text);
}

/** The versions, highest first. */
export function sortVersions(versions: readonly string[]): string[] {
  return [...versions].sort(semver.rcompare);
}

/** The highest version, pre-releases only where there is nothing else. */
export function highest(versions: readonly string[]): string | undefined {
  const sorted = sortVersions(versions);
  return sorted.find((version) => semver.prerelease(version) === null) ?? sorted[0];
}
