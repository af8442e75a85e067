/** The declared input of a workflow only documents: what does not fit it is told, and stops nothing. */

/** Type words that a value can be held against; any other word, and a type of FHIR, says nothing about its form. */
const FORMS: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ['string', (value) => typeof value === 'string'],
  ['number', (value) => typeof value === 'number'],
  ['integer', (value) => Number.isInteger(value)],
  ['boolean', (value) => typeof value === 'boolean'],
  ['object', (value) => typeof value === 'object' && value !== null && !Array.isArray(value)],
  ['array', Array.isArray],
]);

/** Names told at most: an input may have thousands. */
const TOLD = 20;

/** A sentence for each mismatch between an input and its declaration (name → type word); null: nothing is declared. */
export function inputWarnings(
  declared: Readonly<Record<string, string>> | null,
  input: Readonly<Record<string, unknown>>,
): readonly string[] {
  if (declared === null) return [];
  const unknown = Object.keys(input)
    .filter((name) => !Object.hasOwn(declared, name) && name !== 'tenantOrganizationId')
    .map((name) => `input ${name}: found a name that the workflow does not declare`);
  const known = Object.entries(declared).flatMap(([name, word]) => mismatch(name, word, input));
  const all = [...unknown, ...known];
  return all.length <= TOLD ? all : [...all.slice(0, TOLD), `input: ${all.length - TOLD} further mismatches`];
}

function mismatch(name: string, word: string, input: Readonly<Record<string, unknown>>): string[] {
  if (name === 'tenantOrganizationId') return [];
  const isOptional = word.endsWith('?');
  if (!Object.hasOwn(input, name)) return isOptional ? [] : [`input ${name}: found nothing, expected ${word}`];
  const fits = FORMS.get(word.replace(/\?$/, '').toLowerCase());
  const value = input[name];
  return fits === undefined || fits(value) ? [] : [`input ${name}: found ${formOf(value)}, expected ${word}`];
}

function formOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
