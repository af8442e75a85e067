import { deniedUrls } from './parts/net.ts';

/** Text rules never match: the URL parser rewrites the dotted form to hex (Directus CVE-2026-35409, n8n-mcp CVE-2026-42449). */
export const attack = deniedUrls('IPv4 mapped into IPv6 is judged as the IPv4 it is', ({ port }) =>
  ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::FFFF:7F00:1]', '[0:0:0:0:0:ffff:7f00:1]', '[::ffff:a9fe:a9fe]'].map(
    (host) => `http://${host}:${port}/`,
  ),
);
