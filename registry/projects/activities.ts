import type { ChosenComponent } from './components.ts';
import type { ActivityPin } from './pin.ts';
import type { ProjectProblem } from './problem.ts';
import { plain } from './words.ts';

/** A component whose code compiled. */
export interface BuiltComponent extends ChosenComponent {
  /** sha256 (hex) of its bundle. */
  readonly digest: string;
  /** Activities that it exports. */
  readonly exports: readonly string[];
}

/** Activities that the components of a project offer, by the name that workflow code calls. */
export interface ActivityTable {
  readonly pins: ReadonlyMap<string, ActivityPin>;
  /** Names that several components export: DUPLICATE_ACTIVITY. */
  readonly refused: ReadonlyMap<string, ProjectProblem>;
}

/** Names of exports that are activities: `@` and `:` are kept for versions and for the host's own. */
export function activityNames({ functions, unclear }: { functions: readonly string[]; unclear: readonly string[] }) {
  const isName = (name: string) => /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name);
  const isFree = (name: string) => name !== 'default' && !(name in Object.prototype);
  return [...functions, ...unclear].filter((name) => isName(name) && isFree(name)).sort();
}

/**
 * Which component answers which name. `f@2` is the version 2 that exports `f`, plain `f` the highest. A component that an active
 * workflow names goes before those that only others name.
 */
export function activityTable(project: string, components: readonly BuiltComponent[]): ActivityTable {
  const pins = new Map<string, ActivityPin>();
  const refused = new Map<string, ProjectProblem>();
  const offers = new Map<string, BuiltComponent[]>();
  for (const component of components) {
    for (const name of component.exports) offers.set(name, [...(offers.get(name) ?? []), component]);
  }
  const offer = (as: string, name: string, rivals: readonly BuiltComponent[]): void => {
    const [first, ...others] = rivals;
    if (first === undefined) return;
    if (others.length === 0) pins.set(as, pinOf(first, name));
    else refused.set(as, duplicate(project, as, rivals));
  };
  for (const [name, all] of offers) {
    const active = all.filter(({ isActive }) => isActive);
    const rivals = active.length > 0 ? active : all;
    offer(name, name, new Set(rivals.map(({ group }) => group)).size > 1 ? rivals : highest(rivals));
    for (const version of new Set(rivals.map((component) => component.version))) {
      if (version !== null)
        offer(
          `${name}@${version}`,
          name,
          rivals.filter((each) => each.version === version),
        );
    }
  }
  return { pins, refused };
}

function pinOf({ id, digest, version }: BuiltComponent, name: string): ActivityPin {
  return { kind: 'component', digest, export: name, component: id, version };
}

/** Those of the highest version; a component without one is below all. */
function highest(components: readonly BuiltComponent[]): readonly BuiltComponent[] {
  const best = components.reduce<string | null>((top, { version }) => (isAbove(version, top) ? version : top), null);
  return components.filter(({ version }) => version === best);
}

/** Versions are compared part by part, numbers as numbers: 10 is above 9, 1.10 above 1.9. */
function isAbove(version: string | null, other: string | null): boolean {
  if (version === null) return false;
  if (other === null) return true;
  return version.localeCompare(other, 'en', { numeric: true }) > 0;
}

function duplicate(project: string, name: string, rivals: readonly BuiltComponent[]): ProjectProblem {
  const names = new Set(rivals.map((rival) => rival.name));
  const told = rivals.map(({ id, name: own }) => (names.size === rivals.length ? plain(own) : `${plain(own)} (${id})`));
  return {
    code: 'DUPLICATE_ACTIVITY',
    where: `project ${project}`,
    found: `${name} exported by ${told.join(' and ')}`,
    expected: 'one',
  };
}
