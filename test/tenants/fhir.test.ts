// timeout: 600
/** P5 on the embedded FHIR server, over HTTP: through the capability, and to the server itself. See sqlite.test.ts. */
import { request as send } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CapabilityError } from '../../host/broker/capability.ts';
import { createFhirCapability } from '../../host/broker/fhir.ts';
import { type Fixture, of, openFixture, runOf } from '../fhir/fixture.ts';
import { type Interaction, interactions, type RawRequest } from './interactions.ts';
import { seedOf } from './resources.ts';
import { VICTIM } from './search.ts';
import { ATTACKERS, type Seen, separate, type World } from './separation.ts';

const test = suite('tenants on FHIR');
const CANARY = 'canary-of-the-victim';
const TYPES = ['Patient', 'Encounter', 'Coverage', 'Organization', 'Basic', 'BillingCase'];

function tenantOf(attacker: number): string {
  return `tenant-a${attacker}`;
}

async function openWorld(isFull: boolean): Promise<World<Interaction> & { close(): Promise<void> }> {
  const fixture = await openFixture();
  const { url } = fixture.server;
  const capability = createFhirCapability({ baseUrl: url, mode: 'organization-prefix', auth: null });
  if (isFull) await fill(fixture, VICTIM, seedOf('foreign', CANARY));
  for (let attacker = 0; attacker < ATTACKERS; attacker += 1)
    await fill(fixture, tenantOf(attacker), seedOf('own', 'own'));
  // The number of a call, the same in both worlds, so that what a create is called is so too.
  const calls = new Map<number, number>();
  const next = (attacker: number): number => calls.set(attacker, (calls.get(attacker) ?? 0) + 1).get(attacker) ?? 0;
  return {
    send: async (call, attacker) => {
      const tenant = tenantOf(attacker);
      if ('request' in call) return withoutChance(await ask(`${url}${of(tenant)}`, call.request), url);
      const run = runOf(tenant, { runId: `${tenant}-${next(attacker)}`, deadline: Number.POSITIVE_INFINITY });
      const answer = capability.methods.get(`fhir.${call.method}`)?.(call.args, run) ?? Promise.reject();
      const seen = await answer.then((value) => ({ end: 'answered', text: JSON.stringify(value) }), refused);
      return withoutChance(seen, url);
    },
    held: async () => {
      const found = await Promise.all(TYPES.map((type) => fixture.send('GET', `${of(VICTIM)}/${type}?_count=1000`)));
      const entries = found.flatMap(({ body }) => (body.entry ?? []) as unknown[]);
      return entries.length === 0 ? '' : JSON.stringify(entries);
    },
    close: async () => {
      await capability.close();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

async function fill({ send }: Fixture, tenant: string, bundle: object): Promise<void> {
  assert.is((await send('POST', of(tenant), bundle)).status, 200);
}

/** Sends a path as it is: `fetch` would tidy it up first. */
function ask(base: string, { verb, path, headers, body }: RawRequest): Promise<Seen> {
  const { hostname, port, pathname } = new URL(base);
  const type = verb === 'PATCH' ? 'application/json-patch+json' : 'application/fhir+json';
  const text = body === undefined ? undefined : JSON.stringify(body);
  const sent = {
    ...headers,
    ...(text !== undefined && { 'content-type': type, 'content-length': Buffer.byteLength(text) }),
  };
  return new Promise((resolve, reject) => {
    const request = send(
      { hostname, port, path: `${pathname}${path}`, method: verb, headers: sent },
      async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        const { etag, location } = response.headers;
        const status = response.statusCode ?? 0;
        const seen = `${status} ${etag} ${location} ${Buffer.concat(chunks).toString('utf8')}`;
        resolve({ end: status < 300 ? 'answered' : 'refused by the server', text: seen });
      },
    );
    request.on('error', reject).end(text);
  });
}

function refused(error: unknown): Seen {
  if (!(error instanceof CapabilityError)) throw error;
  return { end: error.code, text: `${error.activityCode} ${error.message}` };
}

function withoutChance({ end, text }: Seen, url: string): Seen {
  const same = text
    .replaceAll(url, 'URL')
    .replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g, 'NEW')
    .replace(/20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/g, 'TIME');
  return { end, text: same };
}

test('P5: thousands of interactions after another tenant’s resources read, change, count and hint at none', async () => {
  const [full, empty] = await Promise.all([openWorld(true), openWorld(false)]);
  try {
    const name = 'embedded FHIR server';
    await separate({ name, calls: interactions, kindOf: ({ kind }) => kind, full, empty, canary: CANARY });
  } finally {
    await Promise.all([full.close(), empty.close()]);
  }
});

test.run();
