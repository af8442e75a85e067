/** Parses a JSON Patch, given as a list or as the Binary of a bundle's entry. */
import type { OpPatch } from 'fhir-kit-client';
import { badArgument, denied, isRecord } from './argument.ts';
import { checkOwner } from './owner.ts';

const OPERATIONS = ['add', 'remove', 'replace', 'move', 'copy', 'test'] as const;
const MAX_OPERATIONS = 1000;
/** Base64 of one patch. It is JSON within JSON, whose values nobody has counted before it is read here. */
const MAX_DATA_CHARS = 256 * 1024;
const MEDIA_TYPE = 'application/json-patch+json';

/** Operations with nothing in them but their own fields. Throws `DENIED` for one that would change whose the resource is. */
export function parseOperations(value: unknown, tenant: string | null): OpPatch[] {
  if (!Array.isArray(value) || value.length > MAX_OPERATIONS) {
    throw badArgument(`patch: expected a list of at most ${MAX_OPERATIONS} operations`);
  }
  return value.map((each) => parseOperation(each, tenant));
}

/** The patch of a bundle's entry, in the one form that says the same as `fhir.patch`. */
export function parsePatchEntry(resource: unknown, tenant: string | null): object {
  const { resourceType, data } = isRecord(resource) ? resource : {};
  if (resourceType !== 'Binary' || typeof data !== 'string') {
    throw badArgument('a PATCH entry: expected a Binary with a JSON Patch as data');
  }
  if (data.length > MAX_DATA_CHARS) throw badArgument(`a PATCH entry: expected at most ${MAX_DATA_CHARS} characters`);
  const operations = parseOperations(parseJson(Buffer.from(data, 'base64').toString('utf8')), tenant);
  const encoded = Buffer.from(JSON.stringify(operations)).toString('base64');
  return { resourceType: 'Binary', contentType: MEDIA_TYPE, data: encoded };
}

function parseOperation(value: unknown, tenant: string | null): OpPatch {
  const given = isRecord(value) ? value : {};
  const op = OPERATIONS.find((each) => each === given.op);
  const { path, from } = given;
  if (op === undefined || typeof path !== 'string') throw badArgument('patch: expected operations with op and path');
  if (op === 'move' || op === 'copy') {
    if (typeof from !== 'string') throw badArgument(`patch: expected ${op} with from`);
    if (isWithin(path, '/meta') || path === '') throw denied(`patch: ${op} into meta is refused`);
    return { op, path, from };
  }
  if (isWithin(path, '/meta/extension')) throw denied('patch: the extensions of meta are not for scripts');
  if (op === 'remove') return { op, path };
  if (path === '') checkOwner(given.value, tenant);
  if (path === '/meta') checkOwner({ meta: given.value }, tenant);
  return { op, path, value: given.value } as OpPatch;
}

function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badArgument('a PATCH entry: expected JSON in base64');
  }
}
