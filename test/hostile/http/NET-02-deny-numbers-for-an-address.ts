import { deniedUrls } from './parts/net.ts';

export const attack = deniedUrls('an IPv4 address is the same in decimal, octal, hex and short', ({ port }) =>
  [
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '0x7f000001',
    '017700000001',
    '127.0.1',
    '１２７.０.０.１',
    '127。0。0。1',
  ].map((host) => `http://${host}:${port}/`),
);
