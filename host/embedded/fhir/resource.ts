/** Parses what a client sends as a resource. */
import type { Resource } from '@medplum/fhirtypes';
import { isStoredType } from './definitions.ts';
import { refuse } from './outcome.ts';

/** Levels of nesting in one body. FHIR itself needs some twenty; the library walks resources recursively. */
const MAX_DEPTH = 100;

/** Whether this is an id as R4 has it, and no path segment of its own meaning. */
export function isId(id: unknown): id is string {
  return typeof id === 'string' && /^[A-Za-z0-9.-]{1,64}$/.test(id) && id !== '.' && id !== '..';
}

/** A resource with a stored type and an id. Throws a refusal (400). Profiles are not checked. */
export function parseResource(value: unknown): Resource & { id: string } {
  if (!isRecord(value)) throw refuse('a resource is an object');
  const { resourceType, id, meta } = value;
  if (typeof resourceType !== 'string' || !isStoredType(resourceType)) throw refuse('unknown resourceType');
  if (!isId(id)) throw refuse('an id has 1 to 64 letters, digits, hyphens and dots', `${resourceType}.id`);
  if (meta !== undefined && !isRecord(meta)) throw refuse('meta is an object', `${resourceType}.meta`);
  return value as unknown as Resource & { id: string };
}

/** Throws a refusal (400) for a body that nests deeper than any resource does. */
export function checkDepth(body: unknown): void {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw refuse(`the body nests deeper than ${MAX_DEPTH} levels`);
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
}

/** An object that is no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
