import { deniedUrls } from './parts/net.ts';

/** What listens on a machine's public address sees its own requests come from inside (Directus denies them too, directus#16915). */
export const attack = deniedUrls(
  'the host’s own addresses are refused, public ones too',
  () => ['1.2.3.4', '[::ffff:1.2.3.4]', '[64:ff9b::1.2.3.4]', '[2606:4700::1]'].map((host) => `http://${host}:9/`),
  { own: () => ['1.2.3.4', '2606:4700::1'] },
);
