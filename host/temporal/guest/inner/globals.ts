/** Globals that workflow code finds under Temporal and QuickJS does not have. */
// biome-ignore-all lint/suspicious/noShadowRestrictedNames: these are the globals' own names
import { TextDecoder, TextEncoder } from '@exodus/bytes/encoding-lite.js';
import URL from 'core-js-pure/stable/url/index.js';
import URLSearchParams from 'core-js-pure/stable/url-search-params/index.js';
import { AbortController } from './abort.ts';

Object.assign(globalThis, { AbortController, TextDecoder, TextEncoder, URL, URLSearchParams });
// There are no threads to share it with.
Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
