import { posix } from 'node:path';
import { RegistryError } from '../errors.ts';

/** The files that tell npm what to install, as they stand in a project; null where there is none. */
export interface Orders {
  readonly manifest: string;
  /** `package-lock.json` and `npm-shrinkwrap.json`. */
  readonly locks: readonly (string | null)[];
  readonly npmrc: string | null;
}

const EXPECTED = 'versions of a registry, or tarballs inside the project';
const SECTIONS = ['dependencies', 'optionalDependencies', 'devDependencies', 'peerDependencies'];
const NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/i;

/**
 * Refuses a project whose dependencies would lead npm anywhere but to a registry or to a file of the project: npm clones what
 * it is told to with the host's own keys, copies folders of the host, and obeys the `.npmrc` of whatever it has cloned, which
 * starts a program even where scripts are switched off. Throws DEPENDENCY_REFUSED.
 */
export function requireOrigins({ manifest, locks, npmrc }: Orders): void {
  requireManifest(parse(manifest, 'package.json'));
  for (const lock of locks) if (lock !== null) requireLock(parse(lock, 'the lock file'));
  if (npmrc !== null) requireSettings(npmrc);
}

function requireManifest(manifest: Fields): void {
  for (const section of SECTIONS) {
    for (const [name, spec] of Object.entries(fieldsOf(manifest[section]))) {
      if (!NAME.test(name)) throw refused(section, name);
      if (!isAllowed(spec)) throw refused(`${section} ${name}`, spec);
    }
  }
  for (const spec of texts(manifest.overrides)) {
    if (!spec.startsWith('$') && !isAllowed(spec)) throw refused('overrides', spec);
  }
  for (const pattern of texts(manifest.workspaces)) if (!isInside(pattern)) throw refused('workspaces', pattern);
}

/** Each entry of a lock file has a place, `packages` of newer ones as key, and says where it comes from. */
function requireLock(lock: Fields): void {
  for (const [place, entry] of Object.entries(fieldsOf(lock.packages))) {
    const { resolved, link } = fieldsOf(entry);
    if (place !== '' && !isInside(place)) throw refused('lock file', place);
    if (link === true ? !isInside(resolved) : !isSource(resolved)) throw refused(`lock file ${place}`, resolved);
  }
  const open = [fieldsOf(lock.dependencies)];
  for (let entries = open.pop(); entries; entries = open.pop()) {
    for (const [name, entry] of Object.entries(entries)) {
      const { version, resolved, dependencies } = fieldsOf(entry);
      if (!NAME.test(name)) throw refused('lock file', name);
      if (!isSource(resolved)) throw refused(`lock file ${name}`, resolved);
      if (version !== undefined && !isAllowed(version) && !isSource(version))
        throw refused(`lock file ${name}`, version);
      open.push(fieldsOf(dependencies));
    }
  }
}

/** Settings that say where a registry is and how to log in there; every other one is the host's to choose. */
const SETTING =
  /^(?:registry|@[\w.~-]+:registry|\/\/[\w.:/~@-]+:(?:_authToken|_auth|_password|username|email|always-auth)|offline|prefer-offline|legacy-peer-deps|strict-peer-deps|engine-strict|package-lock|lockfile-version|save-exact|save-prefix|fund|audit|update-notifier|loglevel|min-release-age|before|fetch-retries|fetch-timeout|ignore-scripts|install-links)$/;

function requireSettings(npmrc: string): void {
  for (const line of npmrc.split(/[\r\n]+/)) {
    const text = line.trim();
    if (text === '' || /^[#;]/.test(text)) continue;
    const name = (text.split('=', 1)[0] ?? '').trim();
    if (SETTING.test(name)) continue;
    const found = JSON.stringify(name.slice(0, LONGEST));
    throw new RegistryError('DEPENDENCY_REFUSED', `.npmrc: found ${found}, expected settings of registries only`);
  }
}

/** A range, a tag, an alias of either, or a tarball of the project: nothing that holds a host, a user or a way out. */
function isAllowed(spec: unknown): boolean {
  if (typeof spec !== 'string') return false;
  const alias = /^npm:(?:@[^/@]+\/)?[^/@]+(?:@(.*))?$/.exec(spec);
  if (alias === null && spec.startsWith('file:')) return isTarball(spec);
  const range = alias === null ? spec : (alias[1] ?? '');
  return /^(?:[^/\\:.][^/\\:]*)?$/.test(range) && !TARBALL.test(range);
}

/** What a lock file may name as the source of a package; a registry's answer is a URL. */
function isSource(resolved: unknown): boolean {
  if (resolved === undefined || resolved === true || resolved === false) return true;
  return typeof resolved === 'string' && (/^https?:\/\//.test(resolved) || isTarball(resolved));
}

const TARBALL = /\.(?:tgz|tar\.gz|tar)$/i;

/** Whether a spec names a tarball inside the project. */
export function isTarball(source: string): boolean {
  return source.startsWith('file:') && TARBALL.test(source) && isInside(source.slice('file:'.length));
}

/** Whether a path is relative and stays inside, however npm may decode it. */
function isInside(path: unknown): boolean {
  if (typeof path !== 'string' || /^[/~]|^[a-z]:|[\\%\0]/i.test(path)) return false;
  return !posix.normalize(path).split('/').includes('..');
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** All texts of a value, however deep. */
function texts(value: unknown): string[] {
  const found: string[] = [];
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === 'string') found.push(next);
    else if (typeof next === 'object' && next !== null) open.push(...Object.values(next));
  }
  return found;
}

/** The parser's own words would show a piece of the text, and the file may be a link. */
function parse(text: string, file: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    throw new RegistryError('DEPENDENCY_REFUSED', `${file}: found no JSON, expected JSON`);
  }
}

const LONGEST = 200;

function refused(where: string, found: unknown): RegistryError {
  const shown = (JSON.stringify(found) ?? 'nothing').slice(0, LONGEST);
  return new RegistryError('DEPENDENCY_REFUSED', `${where.slice(0, LONGEST)}: found ${shown}, expected ${EXPECTED}`);
}
