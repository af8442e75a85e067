/** Marks what this host registers at a FHIR server, and tells whether it is there as it was sent. */
import { isDeepStrictEqual } from 'node:util';
import { contentDigest, type TriggerPart } from '../../registry/index.ts';
import type { Resource } from '../broker/fhir.ts';

/** System of the tag that carries a trigger's id (`code`) and the digest of what was sent (`version`). */
export const TAG = 'urn:cloister:trigger';

/** A resource to register. */
export type Registration = Resource & { readonly id: string };

/** Adds the tag. A FHIR server keeps tags as they are. */
export function stamped(trigger: string, { meta, ...content }: TriggerPart): Registration {
  const tag = [{ system: TAG, code: trigger, version: contentDigest(content) }];
  return { ...content, meta: { ...(isRecord(meta) && meta), tag } } as unknown as Registration;
}

/**
 * Whether the server still has what was sent: servers add fields of their own, so every field that was sent must be there, and
 * the digest, as much as the server kept of it (HAPI 30 characters), must be the same (a field that is sent no more shows only
 * there). `meta` is the server's, and the profile in it has another name in the next version of the same server.
 */
export function isAsSent(sent: Registration, found: Resource): boolean {
  const { meta: _sent, ...content } = sent;
  const digest = versionOf(found);
  return (digest === null || versionOf(sent)?.startsWith(digest) === true) && holds(found, content);
}

/** Id of the trigger that a resource was registered for, as its tag says; null without one. */
export function triggerOf(resource: Resource): string | null {
  const code = tagOf(resource)?.code;
  return typeof code === 'string' ? code : null;
}

function versionOf(resource: Resource): string | null {
  const version = tagOf(resource)?.version;
  return typeof version === 'string' ? version : null;
}

function tagOf({ meta }: Resource): Record<string, unknown> | undefined {
  const tags = isRecord(meta) && Array.isArray(meta.tag) ? meta.tag : [];
  return tags.filter(isRecord).find(({ system }) => system === TAG);
}

function holds(found: unknown, sent: unknown): boolean {
  if (Array.isArray(sent)) {
    return Array.isArray(found) && found.length === sent.length && sent.every((each, at) => holds(found[at], each));
  }
  if (!isRecord(sent)) return isDeepStrictEqual(found, sent);
  return isRecord(found) && Object.entries(sent).every(([name, value]) => holds(found[name], value));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
