/**
 * The world of an attack: a real sandbox and broker over a real FHIR server, database and web server, two tenants of which
 * one attacks, and canaries everywhere.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@supabase/supabase-js';
import type { Grants } from '../../../host/broker/capability.ts';
import { createDbCapability } from '../../../host/broker/db.ts';
import { createFhirCapability } from '../../../host/broker/fhir.ts';
import { createHttpCapability } from '../../../host/broker/http.ts';
import { Broker, type Denial } from '../../../host/broker/index.ts';
import { startFhirServer } from '../../../host/embedded/fhir/index.ts';
import { startSupabase } from '../../../host/embedded/supabase.ts';
import { type ScriptOutcome, ScriptRunner } from '../../../host/runner.ts';
import {
  type BuildOutcome,
  type Bundle,
  createSandbox,
  DEFAULT_LIMITS,
  type Limits,
  type LogLine,
  type Sandbox,
  type SandboxEvent,
} from '../../../sandbox/index.ts';
import { bundleOf } from '../../sandbox/rig.ts';
import { type Canaries, createToken, openCanaries } from './canaries.ts';
import { openForged } from './forged.ts';
import { createProbe, type Probe } from './probe.ts';

/** The attacker, and the tenant that it is after. */
export const ATTACKER = 'tenant-a';
export const VICTIM = 'tenant-b';

/** Wall limit of an attack that sets none, milliseconds. */
export const WALL_MS = 1_500;

/** What the script of an attack is told, as the parameter of its `main`: everything but the tokens. */
export interface Targets {
  readonly file: string;
  readonly socket: string;
  /** Of TCP and UDP listeners on 127.0.0.1 that must hear nothing. */
  readonly port: number;
  /** Allowed origin. `/echo` answers with the request as JSON; any other path with 404. */
  readonly allowed: string;
  /** Alias of a secret that is bound to the allowed origin. */
  readonly alias: string;
  readonly patient: { readonly own: string; readonly foreign: string; readonly missing: string };
  readonly row: { readonly own: string; readonly foreign: string; readonly missing: string };
  readonly tenant: { readonly own: string; readonly foreign: string };
}

/** How a script of an attack is to be run. */
export interface Over {
  readonly limits?: Partial<Limits>;
  readonly grants?: Partial<Grants>;
  readonly params?: unknown;
  readonly signal?: AbortSignal;
  /** How long it may wait for its turn before it counts as one that does not end, milliseconds. */
  readonly patienceMs?: number;
  /** Tenant; default the attacker. */
  readonly tenant?: string;
}

/** See `openWorld`. */
export interface World extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly broker: Broker;
  readonly canaries: Canaries;
  readonly targets: Targets;
  readonly probe: Probe;
  /** What the sandbox told its host since the attack began. */
  readonly events: SandboxEvent[];
  /** Calls that the broker denied since the attack began. */
  readonly denials: Denial[];
  /** All that the attacker got to see since the attack began, as texts. Add to it what is seen another way. */
  readonly seen: string[];
  /** Lines of the attack's log. */
  readonly lines: LogLine[];
  /** Outcomes of the attack's scripts so far. */
  readonly outcomes: ScriptOutcome[];
  /** Builds a module and runs its `main`. Throws when it cannot be built. */
  script(source: string, over?: Over): Promise<ScriptOutcome>;
  /** Runs plain JavaScript that defines `main`, without the build. */
  unbuilt(source: string, over?: Over): Promise<ScriptOutcome>;
  /** Runs a program in the place of the cell's own (see forged.ts). */
  forged(program: string, over?: Over): Promise<ScriptOutcome>;
  /** Builds `activities/a.ts` of a project with these files. */
  build(files: Readonly<Record<string, string>>): Promise<BuildOutcome>;
}

/** Opens the world. It is used by one attack after the other. */
export async function openWorld(): Promise<World> {
  await using opening = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'cloister-hostile-'));
  opening.defer(() => rm(dir, { recursive: true, force: true }));
  const canaries = opening.use(await openCanaries());
  const [fhirServer, supabase, web] = await Promise.all([
    startFhirServer({ dbFile: join(dir, 'fhir.db') }),
    startSupabase({ dbFile: join(dir, 'supabase.db') }),
    startWeb(),
  ]);
  opening.defer(() => fhirServer.close());
  opening.use(supabase);
  opening.use(web);
  canaries.add('service key', supabase.serviceRoleKey);
  canaries.add('signing secret', supabase.jwtSecret);
  for (const name of ['resource', 'row', 'credential']) canaries.add(name, createToken(name));
  const token = (name: string): string => canaries.tokens.get(name) ?? '';
  const patient = await seedPatients(fhirServer.url, token('resource'));
  const row = await seedRows(supabase, token('row'));
  const targets: Targets = {
    file: canaries.file,
    socket: canaries.socket,
    port: canaries.port,
    allowed: web.origin,
    alias: 'partner',
    patient,
    row,
    tenant: { own: ATTACKER, foreign: VICTIM },
  };
  const grants: Grants = {
    capabilities: new Set(['fhir', 'db', 'http', 'log']),
    http: {
      allow: [web.origin],
      privateRanges: ['127.9.9.9/32'],
      secrets: new Map([['partner', { origin: web.origin, header: 'x-api-key', value: token('credential') }]]),
    },
    db: { tables: ['notes'], functions: [] },
    env: { GREETING: 'hello' },
  };

  const probe = createProbe(canaries.tokens.get('heap') ?? '');
  const events: SandboxEvent[] = [];
  const denials: Denial[] = [];
  const seen: string[] = [];
  const lines: LogLine[] = [];
  const outcomes: ScriptOutcome[] = [];
  const broker = new Broker(
    [
      createFhirCapability({ baseUrl: fhirServer.url, mode: 'organization-prefix', auth: null }),
      createDbCapability({ url: supabase.url, apikey: supabase.anonKey, jwtSecret: supabase.jwtSecret }),
      createHttpCapability(),
      probe,
    ],
    { denied: (denial) => denials.push(denial), failed: () => undefined },
  );
  opening.defer(() => broker.close());
  const sandbox = createSandbox({ spare: false, log: (event) => events.push(event) });
  opening.defer(() => sandbox.close());

  const runIn = async (where: Sandbox, bundle: Bundle, over: Over = {}): Promise<ScriptOutcome> => {
    const limits = { ...DEFAULT_LIMITS, wallMs: WALL_MS, ...over.limits };
    const running = new ScriptRunner(where, broker).run({
      tenant: over.tenant ?? ATTACKER,
      run: {
        id: randomUUID(),
        workflow: 'attack',
        activity: 'a',
        attempt: 1,
        startedAt: new Date().toISOString(),
        deterministic: false,
      },
      digest: bundle.digest,
      bundle,
      params: over.params ?? targets,
      grants: { ...grants, ...over.grants },
      limits,
      remainingMs: 60_000,
      signal: over.signal ?? new AbortController().signal,
      log: (line) => lines.push(line),
    });
    const outcome = await within(limits.wallMs + END_MS + (over.patienceMs ?? 0), running);
    seen.push(JSON.stringify(outcome), JSON.stringify(lines));
    outcomes.push(outcome);
    return outcome;
  };
  const run = (bundle: Bundle, over?: Over): Promise<ScriptOutcome> => runIn(sandbox, bundle, over);
  const buildEntry = async (entry: string, files: ReadonlyMap<string, string>): Promise<BuildOutcome> => {
    const outcome = await sandbox.build({
      entry,
      files,
      builtIns: new Map(),
      packages: new Set(),
      readPackage: async () => null,
      virtual: new Map(),
    });
    seen.push(JSON.stringify(outcome));
    return outcome;
  };
  // One project, so that its builds share a process.
  const scripts = new Map<string, string>();
  await run(bundleOf('async function main() { return 1; }'));
  const owned = opening.move();
  return {
    sandbox,
    broker,
    canaries,
    targets,
    probe,
    events,
    denials,
    seen,
    lines,
    outcomes,
    script: async (source, over) => {
      const entry = `activities/a${scripts.size}.ts`;
      scripts.set(entry, source);
      const built = await buildEntry(entry, scripts);
      if (!built.ok) throw new Error(`the script does not build: ${JSON.stringify(built.problems)}`);
      return run(built.bundle, over);
    },
    unbuilt: (source, over) => run(bundleOf(source), over),
    forged: async (program, over) => {
      const cells = await openForged(program, (event) => events.push(event));
      try {
        return await runIn(cells, bundleOf(''), over);
      } finally {
        await cells.close();
      }
    },
    build: (files) => buildEntry('activities/a.ts', new Map(Object.entries(files))),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Beyond its wall limit a run ends within this: two seconds for a process that has to be killed, and a cell to start. */
const END_MS = 3_500;

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`has not ended within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function seedPatients(url: string, token: string): Promise<Targets['patient']> {
  const [own, foreign] = await Promise.all([createPatient(url, ATTACKER, 'Own'), createPatient(url, VICTIM, token)]);
  return { own, foreign, missing: randomUUID() };
}

async function createPatient(url: string, tenant: string, family: string): Promise<string> {
  const response = await fetch(`${url}/Organization/${tenant}/fhir/Patient`, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json' },
    body: JSON.stringify({ resourceType: 'Patient', name: [{ family }], active: true }),
  });
  if (response.status !== 201) throw new Error(`the patient of ${tenant} was not created: ${response.status}`);
  return String(((await response.json()) as { id?: string }).id);
}

async function seedRows(
  { url, serviceRoleKey }: { url: string; serviceRoleKey: string },
  token: string,
): Promise<Targets['row']> {
  const [own, foreign, missing] = [randomUUID(), randomUUID(), randomUUID()];
  const { error } = await createClient(url, serviceRoleKey, { auth: { persistSession: false } })
    .from('notes')
    .insert([
      { id: own, tenant_id: ATTACKER, body: { text: 'own' } },
      { id: foreign, tenant_id: VICTIM, body: { text: token } },
    ]);
  if (error) throw new Error(`the rows were not written: ${error.message}`);
  return { own, foreign, missing };
}

/** The server that the attacker may call, at an address of its own, so that the other loopback addresses stay forbidden. */
async function startWeb(): Promise<AsyncDisposable & { readonly origin: string }> {
  const server = createServer(async (request, response) => {
    if (request.url !== '/echo') return void response.writeHead(404).end();
    const { method, headers } = request;
    const { 'x-api-key': _, ...shown } = headers;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ method, headers: shown, body: await readAll(request) }));
  });
  server.listen(0, '127.9.9.9');
  await once(server, 'listening');
  return {
    origin: `http://127.9.9.9:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
