/**
 * Words under which the store finds a resource without reading it: the references it holds and its identifiers. They only
 * narrow a search down; whether a resource matches is decided on the resource.
 */
import type { Resource } from '@medplum/fhirtypes';

/** The word for a literal reference, such as `Patient/1`. */
export function referenceWord(reference: string): string {
  return `r:${reference}`;
}

/** The word for an identifier; without a system (`undefined`) the one that every identifier of that value has. */
export function identifierWord(system: string | undefined, value: string): string {
  return system === undefined ? `v:${value.toLowerCase()}` : `i:${system.toLowerCase()}|${value.toLowerCase()}`;
}

/** All words of a resource, each once. */
export function wordsOf(resource: Resource): string[] {
  const words = new Set<string>();
  collectReferences(resource, words);
  for (const [key, value] of Object.entries(resource)) {
    if (/identifier$/i.test(key)) for (const each of [value].flat()) collectIdentifier(each, words);
  }
  return [...words];
}

function collectReferences(value: unknown, words: Set<string>): void {
  if (Array.isArray(value)) {
    for (const each of value) collectReferences(each, words);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      if (key === 'reference' && typeof each === 'string') words.add(referenceWord(each));
      else collectReferences(each, words);
    }
  }
}

function collectIdentifier(value: unknown, words: Set<string>): void {
  const { system, value: text } = (value ?? {}) as { system?: unknown; value?: unknown };
  if (typeof text !== 'string') return;
  words.add(identifierWord(undefined, text));
  if (typeof system === 'string') words.add(identifierWord(system, text));
}
