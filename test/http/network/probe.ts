/** A process that makes one call under an environment of the test's choice: `{ dns, url, ranges }` → the outcome as JSON. */
import { CapabilityError } from '../../../host/broker/capability.ts';
import { dnsLookup } from '../../../host/broker/http/dns.ts';
import { createHttpCapability } from '../../../host/broker/http.ts';
import { call, run } from './call.ts';

const { dns, url, ranges } = JSON.parse(process.argv[2] ?? '{}');
const capability = createHttpCapability({ lookup: dnsLookup({ servers: [dns] }), timeoutMs: 5_000 });
const ended = await call(capability, { url }, run({ allow: [new URL(url).origin], privateRanges: ranges })).then(
  ({ body }) => body,
  (error: unknown) => (error instanceof CapabilityError ? error.code : String(error)),
);
await capability.close();
console.log(JSON.stringify(ended));
