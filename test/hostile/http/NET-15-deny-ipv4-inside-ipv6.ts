import { deniedUrls } from './parts/net.ts';

/** Left out by filters that knew mapped addresses (CVE-2026-44589 and nuxt-modules/og-image#621, GHSA-j8q9-r9pq-2hh9). */
export const attack = deniedUrls(
  'NAT64, 6to4, Teredo, ISATAP, translated and compatible forms are no way round',
  ({ port }) =>
    [
      '[64:ff9b::127.0.0.1]',
      '[64:ff9b::a9fe:a9fe]',
      '[64:ff9b:1::127.0.0.1]',
      '[64:ff9b:1:a9fe:a9:fe00::]',
      '[2002:7f00:1::]',
      '[2002:a9fe:a9fe::1]',
      '[2001:0:808:808::80ff:fffe]',
      '[2606:4700::5efe:127.0.0.1]',
      '[fe80::5efe:127.0.0.1]',
      '[::ffff:0:127.0.0.1]',
      '[::127.0.0.1]',
    ].map((host) => `http://${host}:${port}/`),
);
