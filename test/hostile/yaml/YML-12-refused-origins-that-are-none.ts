// Found here: an origin of the right form that no URL can have (port 99999) threw in the host when a run asked for its grants,
// and the activity was tried again for ever. Allow-lists of the field failed open or by text: Budibase CVE-2026-31818.
import { refusedFile } from './parts/project.ts';

const ORIGINS = [
  ...['https://x:99999', 'http://999.999.999.999', 'http://[::::]', 'https://1.2.3.4.5', 'http://0x100000000'],
  ...[
    'https://*',
    'https://*.*.example.org',
    'https://a.*.org',
    '*',
    'https://user@example.org',
    'https://example.org/path',
  ],
  ...[
    'ftp://example.org',
    'https://example.org?x',
    'https://example.org#x',
    'file:///etc/passwd',
    ' https://example.org',
    '',
  ],
];

export const attack = refusedFile(
  'an allow-list holds origins that exist: anything else is a problem of the project',
  'cloister.yaml',
  ORIGINS.map((origin) => [`http: { allow: [${JSON.stringify(origin)}] }`, /FIELD_TYPE project http allow/] as const),
);
