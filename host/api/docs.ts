/**
 * `GET /openapi.json` and the page over it, `GET /docs`. Both are open: they are made from public sources, alike on every host,
 * and say nothing of this one (docs/decisions/openapi.md). The page runs no inline script and loads nothing from elsewhere.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Request, ResponseObject, ResponseToolkit } from '@hapi/hapi';
import { ApiError } from '../error.ts';
import { type Endpoint, endpoint } from './endpoint.ts';
import { openapiDocument } from './openapi.ts';
import { shown } from './query.ts';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cloister API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/page.js"></script>
</body>
</html>
`;

/** Without \`validatorUrl\` the renderer would send the document's address to a public validator. */
const PAGE_SCRIPT = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#page',
  deepLinking: true,
  validatorUrl: null,
  queryConfigEnabled: false,
  persistAuthorization: false,
});
`;

/** Icons in the renderer's style sheet are data. Its scripts set styles through the object model, which needs no leave. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const KEPT_S = 3600;

interface File {
  readonly type: string;
  readonly read: () => Promise<string | Buffer>;
}

const FILES: ReadonlyMap<string, File> = new Map([
  ['page.js', { type: 'text/javascript', read: async () => PAGE_SCRIPT }],
  ['swagger-ui-bundle.js', { type: 'text/javascript', read: () => shipped('swagger-ui-bundle.js') }],
  ['swagger-ui.css', { type: 'text/css', read: () => shipped('swagger-ui.css') }],
]);

/** A text with its compressed form, which is made once: an open path must not cost the host much. */
interface Packed {
  readonly plain: Buffer;
  readonly zipped: Buffer;
}

/** The endpoints of the document over `endpoints`, which is asked for at the first call. */
export function docsEndpoints(endpoints: () => readonly Endpoint[]): readonly Endpoint[] {
  const packed = new Map<string, Promise<Packed>>();
  const once = (name: string, read: () => Promise<string | Buffer>): Promise<Packed> => {
    const known = packed.get(name) ?? pack(read());
    packed.set(name, known);
    return known;
  };
  return [
    endpoint({
      method: 'GET',
      path: '/openapi.json',
      operation: 'get-openapi',
      tag: 'documentation',
      summary: 'This document.',
      access: 'open',
      answers: { 200: { description: 'OpenAPI 3.1.' } },
      errors: [],
      handler: async ({ request, h }) => {
        const document = await once('', async () => JSON.stringify(openapiDocument(endpoints())));
        return send(document, 'application/json', request, h);
      },
    }),
    endpoint({
      method: 'GET',
      path: '/docs',
      operation: 'get-docs',
      tag: 'documentation',
      summary: 'This document as a page for people.',
      access: 'open',
      answers: { 200: { description: 'The page.', contentType: 'text/html' } },
      errors: [],
      handler: ({ h }) => h.response(PAGE).type('text/html').header('content-security-policy', POLICY),
    }),
    endpoint({
      method: 'GET',
      path: '/docs/{file}',
      operation: 'get-docs-file',
      tag: 'documentation',
      summary: 'A script or style sheet of the page.',
      access: 'open',
      answers: { 200: { description: 'The file.', contentType: 'text/javascript' } },
      errors: ['NOT_FOUND'],
      handler: async ({ request, params, h }) => {
        const name = String(params.file);
        const file = FILES.get(name);
        if (file === undefined)
          throw new ApiError('NOT_FOUND', 'there is no such file', { where: 'path', found: shown(name) });
        const answer = send(await once(name, file.read), file.type, request, h);
        return answer.header('cache-control', `public, max-age=${KEPT_S}`);
      },
    }),
  ];
}

function send({ plain, zipped }: Packed, type: string, { info }: Request, h: ResponseToolkit): ResponseObject {
  const isZipped = info.acceptEncoding === 'gzip';
  const answer = h.response(isZipped ? zipped : plain).type(type);
  return isZipped ? answer.compressed('gzip').vary('accept-encoding') : answer;
}

async function pack(text: Promise<string | Buffer>): Promise<Packed> {
  const plain = Buffer.from(await text);
  return { plain, zipped: await promisify(gzip)(plain) };
}

const shipped = (name: string): Promise<Buffer> =>
  readFile(fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`)));
