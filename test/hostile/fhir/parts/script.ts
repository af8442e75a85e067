/** What scripts of attacks on FHIR and the database say again and again. */

/** Stands before a script: `codeOf` makes a call its outcome, `outcomes` are those of many calls, each once, in order. */
export const HEAD = `
import { db, fhir } from 'cloister';
const codeOf = (work) => work.then(() => 'answered', (error) => error.code);
const outcomes = async (works) => [...new Set(await Promise.all(works.map(codeOf)))].sort();
const entry = (method, url, resource) => ({ request: { method, url }, ...(resource && { resource }) });
const bundle = (type, ...list) => ({ resourceType: 'Bundle', type, entry: list });
`;
