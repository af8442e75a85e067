import { fhir } from 'cloister';
import { parseTarget } from './_target.ts';
import type { Bundle, BundleEntry } from './_types.ts';

/** What to write. */
export interface Input {
  /** Type `transaction` or `batch`; every entry has `request.method` and a relative `request.url`. */
  bundle: Bundle;
}

/** What the server answered: one entry per entry. */
export interface Output {
  response: Bundle;
}

/** Shown beside an activity that has none of its own. */
export const description =
  'Posts a bundle to FHIR under the tenant of the run. A transaction is all or nothing; a batch reports per entry.';

const METHODS: readonly unknown[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** A transaction that the server refuses throws, with nothing written. A bundle without entries is not sent. */
export async function main({ bundle }: Input): Promise<Output> {
  const type: unknown = bundle?.type;
  if (bundle?.resourceType !== 'Bundle' || (type !== 'transaction' && type !== 'batch')) {
    throw new Error(`fhir/transaction bundle: found type ${JSON.stringify(type)}, expected "transaction" or "batch"`);
  }
  const entries = bundle.entry ?? [];
  for (const [at, entry] of entries.entries()) checkEntry(`fhir/transaction bundle.entry[${at}].request`, entry);
  if (entries.length === 0) return { response: { resourceType: 'Bundle', type: `${type}-response`, entry: [] } };
  return { response: await fhir.transaction(bundle) };
}

function checkEntry(where: string, entry: BundleEntry): void {
  const method: unknown = entry?.request?.method;
  if (!METHODS.includes(method)) throw new Error(`${where}.method: found ${JSON.stringify(method)}, expected a method`);
  parseTarget(`${where}.url`, entry.request?.url);
}
