/** The guest side: project workers of the product over the same files. (Stands in for itself by plain workers until then.) */
import { plainBundles, type SideOptions, startPlain } from './plain.ts';

export async function startGuest(options: SideOptions): Promise<{ stop(): Promise<void> }> {
  return startPlain(options, await plainBundles(options));
}
