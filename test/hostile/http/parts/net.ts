/** Attacks over HTTP: a real script in a real cell, under the allow-list, names and addresses that the attack asks for. */
import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import type { CapabilityError, Grants } from '../../../../host/broker/capability.ts';
import { createHttpCapability, type HttpAnswer, type HttpOptions } from '../../../../host/broker/http.ts';
import { Broker } from '../../../../host/broker/index.ts';
import { type ScriptOutcome, ScriptRunner } from '../../../../host/runner.ts';
import { DEFAULT_LIMITS } from '../../../../sandbox/index.ts';
import type { FreeAttack } from '../../harness/attack.ts';
import { ATTACKER, type Targets, VICTIM, type World } from '../../harness/world.ts';

/** The network of an attack. */
export interface Net extends HttpOptions {
  readonly allow: readonly string[];
  /** Addresses that may be reached; default: those of the servers of these attacks. */
  readonly ranges?: readonly string[];
  /** Origin of the secret with the alias `partner`; default: the first of the list. */
  readonly origin?: string;
  /** Runs beside the script. `call` fetches as another tenant through the same broker: a status, or the code of the error. */
  readonly meanwhile?: (call: (url: string) => Promise<number | string>) => Promise<void>;
}

/** 127.9.9.8 and 127.9.9.9: servers that may be reached. All other loopback addresses may not. */
export const SERVERS = ['127.9.9.8/31'];

/** The attacker's own server. */
export const HOST = '127.9.9.8';

const READ = `
  import { http, log } from 'cloister';
  const read = (url, init) => http.fetch(url, init).then(
    ({ status, headers, body }) => ({ status, headers, body }),
    ({ code, message }) => ({ code, message }),
  );
  const codes = (calls) => Promise.all(calls).then((answers) => [...new Set(answers.map(({ code, status }) => code ?? status))].sort());`;

/**
 * Runs a script against a broker of its own. In it stand `http`, `log`, `read` (a call as its answer or its error) and `codes`
 * (of several: each code or status once). `main` gets `params`.
 */
export async function play(world: World, body: string, params: unknown, net: Net): Promise<ScriptOutcome> {
  const { allow, ranges = SERVERS, origin = allow[0] ?? '', meanwhile, ...options } = net;
  const built = await world.build({ 'activities/a.ts': `${READ}\n${body}` });
  if (!built.ok) throw new Error(`the script does not build: ${JSON.stringify(built.problems)}`);
  const value = world.canaries.tokens.get('credential') ?? '';
  const secrets = new Map([['partner', { origin, header: 'x-api-key', value }]]);
  const grants: Grants = {
    capabilities: new Set(['http', 'log']),
    http: { allow, privateRanges: ranges, secrets },
    db: { tables: [], functions: [] },
    env: {},
  };
  const broker = new Broker([createHttpCapability({ timeoutMs: 1_000, ...options })], {
    denied: (denial) => world.denials.push(denial),
    failed: (_, error) => world.seen.push(String(error)),
  });
  const signal = new AbortController().signal;
  const other = async (url: string) => {
    const context = {
      tenant: VICTIM,
      runId: 'other',
      workflow: 'w',
      activity: 'a',
      attempt: 1,
      digest: '',
      grants,
      signal,
    };
    const made = { ...context, deadline: Date.now() + 10_000, nextWriteKey: () => '' };
    const answer = broker.call('http.fetch', { url }, made) as Promise<HttpAnswer>;
    return answer.then(({ status }) => status).catch(({ code }: CapabilityError) => code);
  };
  const run = { id: randomUUID(), workflow: 'attack', activity: 'a', attempt: 1, startedAt: new Date().toISOString() };
  try {
    const running = new ScriptRunner(world.sandbox, broker).run({
      tenant: ATTACKER,
      run: { ...run, deterministic: false },
      digest: built.bundle.digest,
      bundle: built.bundle,
      params,
      grants,
      limits: { ...DEFAULT_LIMITS, wallMs: 8_000 },
      remainingMs: 10_000,
      signal,
      log: (line) => world.seen.push(JSON.stringify(line)),
    });
    const [outcome] = await Promise.all([running, meanwhile?.(other)]);
    world.seen.push(JSON.stringify(outcome));
    world.outcomes.push(outcome);
    return outcome;
  } finally {
    await broker.close();
  }
}

/** What the script of an attack returned. @throws when it ended otherwise. */
export async function outputOf(playing: Promise<ScriptOutcome>): Promise<unknown> {
  const outcome = await playing;
  if (!outcome.ok) throw new Error(`ended with ${outcome.code} ${outcome.message}`);
  return outcome.output;
}

/** An attack that fetches URLs, each of which is on the list. Every call is denied, and audited. */
export function deniedUrls(
  claim: string,
  urlsOf: (targets: Targets) => readonly string[],
  options: HttpOptions = {},
): FreeAttack {
  return {
    claim,
    act: async (world) => {
      const urls = urlsOf(world.targets);
      const allow = urls.flatMap((url) => [url.replace(/\/$/, ''), URL.parse(url)?.origin ?? '']);
      const script = 'export async function main(urls) { return Promise.all(urls.map((url) => read(url))); }';
      const answers = (await outputOf(play(world, script, urls, { ...options, allow }))) as { code: string }[];
      assert.equal(
        answers.map(({ code }, n) => [urls[n], code]),
        urls.map((url) => [url, 'DENIED']),
      );
      assert.equal(
        world.denials.map(({ method, code }) => [method, code]),
        urls.map(() => ['http.fetch', 'CAPABILITY_REFUSED']),
      );
    },
  };
}
