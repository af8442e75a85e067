/**
 * Requests for every operation of the OpenAPI document, valid by its schemas or spoiled, to a whole development host. What it
 * answers must be what the document says. Needs Temporal.
 */
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { openapiDocument } from '../../../host/api/openapi.ts';
import { ENDPOINTS } from '../../../host/api/server.ts';
import { type TestHost, testHost } from '../../stand/host.ts';
import { script, workflow } from '../../stand/project.ts';
import type { Bench, Input, Target } from '../target.ts';
import { type Answer, exchange } from './exchange.ts';
import { Ids } from './ids.ts';
import { Judge } from './judge.ts';
import { APP_SECRET, type Planned, passedOn, planOf } from './plan.ts';
import { type Document, operationsOf } from './requests.ts';

/** See the file's first line. */
export const endpoints: Target = {
  name: 'endpoints',
  open: async (): Promise<Bench> => {
    const stand = await endpointsHost();
    return { ...endpointsBench(stand), [Symbol.asyncDispose]: stand.close };
  },
};

const TOPIC = {
  resourceType: 'AidboxSubscriptionTopic',
  url: 'http://billing/triggers/sub',
  status: 'active',
  trigger: [{ resource: 'Encounter' }],
};

/** A project with something of each kind in it. */
const PROJECT: Readonly<Record<string, string>> = {
  ...script('a', 'return input;'),
  ...workflow('w', { rootChildren: ['a'], activities: [{ id: 'a', script: './activities/a.ts' }] }),
  'triggers/sub/definition.yaml': JSON.stringify({ workflow: 'w', subscriptionTopic: TOPIC }),
  'triggers/sub/input-mapping.ts':
    'export const description = "t"; export async function main({ resource }: any) { return resource?.id ? { resource } : null; }',
  'triggers/nightly/definition.yaml': JSON.stringify({
    type: 'schedule',
    workflow: 'w',
    spec: { calendars: [{ year: 2099 }] },
  }),
  ...workflow('broken', { rootChildren: ['b'], activities: [{ id: 'a', script: './activities/a.ts' }] }),
};

const MANY = 1_000_000;

/** Settings of the host: calls by RPC work, and nobody is told to come back later. */
const SETTINGS = {
  appSecret: APP_SECRET,
  limitReads: MANY,
  limitWrites: MANY,
  limitStarts: MANY,
  limitFailures: MANY,
} as const;

/** A host whose parts are all there. Its project is no repository: git would take most of the time. */
export function endpointsHost(): Promise<TestHost> {
  return testHost(PROJECT, SETTINGS);
}

/** The API of a host that is there already. */
export function endpointsBench({ host, projectDir, dataDir }: TestHost): Omit<Bench, typeof Symbol.asyncDispose> {
  const { url } = host;
  const document = openapiDocument(ENDPOINTS) as unknown as Document;
  const operations = operationsOf(document);
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const known = new Ids();
  const notes: string[] = [];
  const judge = new Judge([projectDir, dataDir, ROOT]);
  const attemptOne = async (part: string): Promise<string[]> => {
    const planned = JSON.parse(part) as Planned;
    const answer = await exchange(url, { ...planned, url: known.filled(planned.url) }, agent);
    notes.push(`status ${answer.status}`);
    known.learn(planned.url, answer);
    const operation = operations.find(({ id }) => id === planned.operation);
    const faults = operation === undefined ? [] : judge.faults(operation, planned, answer);
    return answer.status === 500 ? [...faults, ...(await causesOf(answer, `${dataDir}/host.log`))] : faults;
  };
  return {
    make: (random) => {
      const operation = random.pick(operations);
      const plan = () => {
        const planned = planOf(random, operation, document);
        const isPassedOn = operation.id === 'rpc' && random.chance(0.8);
        return JSON.stringify(
          isPassedOn ? passedOn(planned, planOf(random, random.pick(operations), document)) : planned,
        );
      };
      return { kind: operation.id, parts: random.several(1, MOST_AT_ONCE, plan) };
    },
    attempt: async ({ parts }: Input) => {
      const faults = await Promise.all(parts.map(attemptOne));
      const health = await exchange(url, { ...HEALTH }, agent);
      if (health.status !== 200) faults.push([`health is answered with ${health.status}`]);
      return faults.flat();
    },
    takeNotes: () => notes.splice(0),
  };
}

/** What the host's log says of a request that failed. */
async function causesOf({ text }: Answer, log: string): Promise<string[]> {
  const [, id] = /"requestId":"([\w-]+)"/.exec(text) ?? [];
  const lines = (await readFile(log, 'utf8').catch(() => '')).split('\n');
  const found = lines.find((line) => id !== undefined && line.includes(id) && line.includes('"err"'));
  if (found === undefined) return [];
  const { err } = JSON.parse(found) as { err: { type?: string; message?: string; stack?: string } };
  return [`its cause: ${err.stack ?? `${err.type}: ${err.message}`}`];
}

const ROOT = new URL('../../..', import.meta.url).pathname;
const MOST_AT_ONCE = 8;
const HEALTH: Planned = { operation: 'get-health', method: 'GET', url: '/health', headers: {}, body: null };
