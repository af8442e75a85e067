/** `npm run build`: makes the workflow bundles that hosts run, so that no host has to on its first start. */
import { join } from 'node:path';
import { cacheFolder } from './env/cache.ts';
import { readEnvironment } from './env.ts';
import { workflowBundle } from './temporal/bundle.ts';
import { guestBundle } from './temporal/guest/bundle.ts';

/** Puts both bundles into the cache folder, where they are found by the digest of their sources. */
export async function main(): Promise<number> {
  const folder = join(cacheFolder(readEnvironment()), 'workflows');
  const bundles = await Promise.all([workflowBundle(folder), guestBundle(folder)]);
  const bytes = bundles.map(({ code }) => `${Math.round(code.length / 1024)} KiB`);
  process.stdout.write(`bundles of workflows in ${folder}: ${bytes.join(', ')}\n`);
  return 0;
}
