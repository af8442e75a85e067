import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Where systems do not look when somebody asks for any port, or connects to somewhere: a port found here stays free until it is
 * listened on, unless somebody else looks here too.
 */
const LOWEST = 20_000;
const HIGHEST = 32_000;
const TRIES = 50;

/** A TCP port of 127.0.0.1 that nothing listens on now. Whoever gets it should listen at once. */
export async function freePort(): Promise<number> {
  for (let left = TRIES; left > 0; left--) {
    const port = await tried(randomInt(LOWEST, HIGHEST));
    if (port !== null) return port;
  }
  const port = await tried(0);
  if (port === null) throw new Error('there is no free TCP port on 127.0.0.1');
  return port;
}

/** The port, 0 standing for any; null when it is in use. */
function tried(wanted: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null));
    });
  });
}
