/** What a host remembers of the types of another FHIR server, and what others may have put there. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FhirClient } from '../../host/broker/fhir/client.ts';

const test = suite('types of another fhir server');
const asked: string[] = [];
const broken = { resourceType: 'Basic', id: 'x', extension: [{ url: 'urn:cloister:resource', valueString: '{' }] };
const server = createServer(({ url = '' }, response) => {
  asked.push(url);
  const isThere = url.startsWith('/Organization/there/') || url.startsWith('/Organization/plain/fhir/Basic');
  const found = { resourceType: 'Bundle', type: 'searchset', entry: [{ resource: broken }] };
  response
    .writeHead(isThere ? 200 : 404, { 'content-type': 'application/fhir+json' })
    .end(JSON.stringify(isThere ? found : { resourceType: 'OperationOutcome' }));
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const client = new FhirClient({ baseUrl, fhirBaseUrl: `${baseUrl}/fhir`, mode: 'organization-prefix', auth: null });

test.after(async () => {
  await client.close();
  server.closeAllConnections();
  server.close();
});

const search = (tenant: string) =>
  client.call(tenant, {}, (fhir, options) =>
    fhir.search({ resourceType: 'BillingCase', searchParams: { _count: 7 }, options }),
  );

test('a tenant whose base is not there says nothing of the types of the others', async () => {
  await search('nobody').then(
    () => assert.unreachable(),
    ({ code }: { code: string }) => assert.is(code, 'NOT_FOUND'),
  );
  await search('there');
  assert.is(asked.at(-1), '/Organization/there/fhir/BillingCase?_count=7');
});

test('a Basic that holds no resource of ours is found as it is, and breaks no search', async () => {
  const { entry } = (await search('plain')) as { entry?: unknown };
  assert.equal(entry, [{ resource: broken }]);
});

test.run();
