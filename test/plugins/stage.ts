/** The built-ins and the billing example, run for real: cells, broker and embedded FHIR server with the demo's patients. */
import { randomUUID } from 'node:crypto';
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CapabilityError } from '../../host/broker/capability.ts';
import { createFhirCapability } from '../../host/broker/fhir.ts';
import { Broker } from '../../host/broker/index.ts';
import { type LoadedPatient, loadPatients } from '../../host/cli/patients.ts';
import { startFhirServer } from '../../host/embedded/fhir/index.ts';
import { type ScriptOutcome, ScriptRunner } from '../../host/runner.ts';
import { DEFAULT_MANIFEST, readManifest } from '../../registry/rules/manifest.ts';
import { RULES_MODULE, rulesModule } from '../../registry/rules/module.ts';
import { type Bundle, createSandbox, DEFAULT_LIMITS, type LogLine } from '../../sandbox/index.ts';

/** Tenants that have a patient, by folder name. */
export const SAINT_ANNES = 'saint-annes';
export const BAPTIST = 'new-england-baptist';

/** FHIR as far as the tests read it. */
export type Json = Record<string, unknown>;

/** Everything that runs a script. `close` ends all of it. */
export interface Stage {
  readonly fhirUrl: string;
  /** Lines that scripts logged. */
  readonly lines: LogLine[];
  /** Methods of the capability calls that reached the broker, in order. */
  readonly calls: string[];
  /** Searches that are to be answered as by a server that does not know their parameters; none at first. */
  unknown: (type: string, params: Json) => boolean;
  /** Loads the patient of a tenant, once. */
  load(tenant: string): Promise<LoadedPatient>;
  /** Runs a script, named as in a workflow, under a tenant. */
  run(tenant: string, script: string, params: unknown): Promise<ScriptOutcome>;
  /** Output of a script that must end well. The type is the caller's word. */
  output<T = Json>(tenant: string, script: string, params: unknown): Promise<T>;
  /** One request to the FHIR server itself, under a tenant. */
  http(tenant: string, method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }>;
  /** Resources of a type that a tenant has. */
  all(tenant: string, type: string): Promise<Json[]>;
  close(): Promise<void>;
}

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const EXAMPLE = join(REPOSITORY, 'docs/examples/billing');

/** Opens a stage. `files` are added to those of the example project, or replace them. */
export async function openStage(files: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'cloister-plugins-'));
  const server = await startFhirServer({ dbFile: join(dir, 'fhir.db') });
  const fhir = createFhirCapability({ baseUrl: server.url, mode: 'organization-prefix', auth: null });
  const broker = new Broker([fhir], { denied: () => undefined, failed: (_, error) => console.error(error) });
  const sandbox = createSandbox({ spare: false });
  const calls: string[] = [];
  const unknown: Stage['unknown'] = () => false;
  const runner = new ScriptRunner(
    sandbox,
    listening(broker, calls, (type, params) => stage.unknown(type, params)),
  );
  const lines: LogLine[] = [];
  const project = new Map([
    ...(await read(EXAMPLE, '{activities,validation-rules,triggers}/**/*')),
    ...Object.entries(files),
  ]);
  const builtIns = await read(join(REPOSITORY, 'plugins'), '*/*.ts');
  const bundles = new Map<string, Promise<Bundle>>();
  const patients = new Map<string, Promise<LoadedPatient>>();

  const make = async (entry: string): Promise<Bundle> => {
    const rules = rulesModule(DEFAULT_MANIFEST, await readManifest(DEFAULT_MANIFEST, project));
    const built = await sandbox.build({
      entry,
      files: project,
      builtIns: new Map([...builtIns].map(([path, text]) => [path.replace(/\.ts$/, ''), text])),
      packages: new Set(),
      readPackage: async () => null,
      virtual: new Map([[RULES_MODULE, rules]]),
    });
    if (!built.ok) throw new Error(JSON.stringify(built.problems));
    return built.bundle;
  };
  const bundleOf = (script: string): Promise<Bundle> =>
    remember(bundles, script, () => make(script.replace(/^\.\//, '')));
  const run: Stage['run'] = async (tenant, script, params) =>
    runner.run({
      tenant,
      run: {
        id: randomUUID(),
        workflow: 'test',
        activity: 'test',
        attempt: 1,
        startedAt: new Date().toISOString(),
        deterministic: false,
      },
      digest: '',
      bundle: await bundleOf(script),
      params,
      grants: GRANTS,
      limits: DEFAULT_LIMITS,
      remainingMs: 20_000,
      signal: new AbortController().signal,
      log: (line) => lines.push(line),
    });
  const http: Stage['http'] = async (tenant, method, path, body) => {
    const response = await fetch(`${server.url}/Organization/${tenant}/fhir/${path}`, {
      method,
      headers: { 'content-type': 'application/fhir+json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : {} };
  };
  const stage: Stage = {
    fhirUrl: server.url,
    lines,
    calls,
    unknown,
    run,
    http,
    load: (tenant) =>
      remember(patients, tenant, () =>
        loadPatients({ fhirUrl: server.url, tenant, dataDir: join(EXAMPLE, 'data'), log: () => undefined }),
      ),
    output: async <T>(tenant: string, script: string, params: unknown) => {
      const outcome = await run(tenant, script, params);
      if (!outcome.ok) throw new Error(`${script}: ${outcome.code} ${outcome.message}\n${outcome.stack ?? ''}`);
      return outcome.output as T;
    },
    all: async (tenant, type) => {
      const { body } = await http(tenant, 'GET', `${type}?_count=1000`);
      return ((body.entry ?? []) as { resource: Json }[]).map((entry) => entry.resource);
    },
    close: async () => {
      await sandbox.close();
      await broker.close();
      await server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return stage;
}

/** What the example declares. */
const GRANTS = {
  capabilities: new Set(['fhir', 'log'] as const),
  http: { allow: [], privateRanges: [], secrets: new Map() },
  db: { tables: [], functions: [] },
  env: {},
};

/** The broker, overheard; what `isUnknown` says is refused the way a server refuses a parameter that it does not know. */
function listening(broker: Broker, calls: string[], isUnknown: Stage['unknown']): Broker {
  const call = broker.call.bind(broker);
  broker.call = async (method, args, context) => {
    calls.push(method);
    const { type, params } = args as { type: string; params: Json };
    if (method === 'fhir.search' && isUnknown(type, params)) throw new CapabilityError('INVALID', 'unknown parameter');
    return call(method, args, context);
  };
  return broker;
}

async function read(dir: string, pattern: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const path of glob(pattern, { cwd: dir })) {
    if (/\.(ts|yaml)$/.test(path)) files.set(path, await readFile(join(dir, path), 'utf8'));
  }
  return files;
}

function remember<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}
