/** A witness outside the host: scripts tell it over HTTP what they begin and end, and it can keep one waiting. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a script told. */
export interface Told {
  readonly phase: string;
  readonly run: string;
  readonly activity: string;
  readonly attempt: number;
}

/** A running witness. */
export interface Witness {
  readonly url: string;
  /** All that was told so far, in order. */
  readonly told: readonly Told[];
  /** How often a phase of an activity was told, by any run or by one. */
  count(phase: string, activity: string, run?: string): number;
  /** From now on a script that tells the start of this activity gets no answer, until `release`. */
  hold(activity: string): void;
  release(): void;
  /** How many scripts hung up while they were kept waiting: a script that was ended does. */
  readonly hungUp: number;
  /** Resolves when a phase of an activity was told `times` times. Rejects when that does not happen within 20 s. */
  seen(phase: string, activity: string, times?: number): Promise<void>;
  close(): Promise<void>;
}

const SEEN_LIMIT_MS = 20_000;

/** Starts a witness on loopback. */
export async function startWitness(): Promise<Witness> {
  const told: Told[] = [];
  const held = new Set<string>();
  let waiting: ServerResponse[] = [];
  let hungUp = 0;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://witness');
    const word = (name: string) => searchParams.get(name) ?? '';
    const one = {
      phase: pathname.slice(1),
      run: word('run'),
      activity: word('activity'),
      attempt: Number(word('attempt')),
    };
    told.push(one);
    if (one.phase !== 'start' || !held.has(one.activity)) return void response.end('noted');
    waiting.push(response);
    response.once('close', () => {
      if (!response.writableEnded) hungUp += 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const count: Witness['count'] = (phase, activity, run) =>
    told.filter((one) => one.phase === phase && one.activity === activity && (run === undefined || one.run === run))
      .length;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told,
    get hungUp() {
      return hungUp;
    },
    count,
    hold: (activity) => void held.add(activity),
    release: () => {
      held.clear();
      for (const response of waiting) response.end('noted');
      waiting = [];
    },
    seen: async (phase, activity, times = 1) => {
      const limit = performance.now() + SEEN_LIMIT_MS;
      while (count(phase, activity) < times) {
        if (performance.now() > limit) throw new Error(`no ${phase} of ${activity} in ${JSON.stringify(told)}`);
        await sleep(20);
      }
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Files of a project whose script `step` tells the witness its start and its end. Its input names the witness. */
export function tellingProject(witness: Witness): Record<string, string> {
  return {
    'cloister.yaml': JSON.stringify({ capabilities: ['fhir', 'http', 'log'], http: { allow: [witness.url] } }),
    'activities/step.ts': step('1'),
  };
}

/** Text of the telling script; `version` is part of its output. */
export function step(version: string): string {
  return `import { http, run } from 'cloister';
export const description = 'tells a witness';
export async function main(input: { witness: string; after?: unknown }): Promise<unknown> {
  const tell = (phase: string) =>
    http.fetch(input.witness + '/' + phase + '?run=' + run.id + '&activity=' + run.activity + '&attempt=' + run.attempt);
  await tell('start');
  await tell('end');
  return { activity: run.activity, version: ${JSON.stringify(version)} };
}
`;
}

/** One telling activity of a workflow. */
export function telling(id: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { id, script: './activities/step.ts', params: { witness: '$input.witness' }, ...more };
}

/** `tenants.yaml` of a data folder in which these tenants may reach loopback. */
export function tenantsFile(witness: Witness, tenants: readonly string[]): string {
  const http = { allow: [witness.url], privateRanges: ['127.0.0.0/8'] };
  const settings = { capabilities: ['fhir', 'http', 'log'], http };
  return JSON.stringify(Object.fromEntries(tenants.map((tenant) => [tenant, settings])));
}
