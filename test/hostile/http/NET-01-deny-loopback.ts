import { deniedUrls } from './parts/net.ts';

export const attack = deniedUrls('loopback by name and by address is refused though the list has it', ({ port }) =>
  ['127.0.0.1', 'localhost', 'localhost.', 'a.localhost', '0.0.0.0', '[::1]', '[::]', '127.255.255.254'].map(
    (host) => `http://${host}:${port}/`,
  ),
);
