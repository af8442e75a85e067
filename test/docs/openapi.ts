/** docs/openapi.json, the document that a host serves. Write it with `node test/docs/openapi.ts`. */
import { writeFile } from 'node:fs/promises';
import { openapiDocument } from '../../host/api/openapi.ts';
import { ENDPOINTS } from '../../host/api/server.ts';

/** Where it is checked in. */
export const DOCUMENT = new URL('../../docs/openapi.json', import.meta.url);

/** Its text, as the code says it. */
export function documentText(): string {
  return `${JSON.stringify(openapiDocument(ENDPOINTS), null, 2)}\n`;
}

if (import.meta.main) await writeFile(DOCUMENT, documentText());
