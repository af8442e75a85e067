// timeout: 60
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ApiError } from '../../host/error.ts';
import { createScriptHost } from '../../host/scripts.ts';
import { Mapper } from '../../host/webhooks/mapping.ts';
import { compileScript, openProject, type Project } from '../../registry/index.ts';
import { DEFAULT_LIMITS } from '../../sandbox/index.ts';
import { temporaryFolder, writeFiles } from '../stand/project.ts';

const mapping = suite<{ owned: AsyncDisposableStack; project: Project; host: ReturnType<typeof createScriptHost> }>(
  'mappings',
);
const log = pino({ level: 'silent' });
const PATH = 'triggers/t/input-mapping.ts';
const TEXT = `import { fhir, http, env } from 'cloister';
export const description = 'test';
let calls = 0;
export async function main({ resource }: any): Promise<any> {
  const refused = async (work: Promise<unknown>) => work.then(() => 'done', (error) => error.code);
  if (resource.id === 'list') return [1];
  if (resource.id === 'uncaught') await fhir.read('Patient', 'x');
  return {
    id: resource.id,
    calls: ++calls,
    fhir: await refused(fhir.read('Patient', 'x')),
    http: await refused(http.fetch('https://api.example.org')),
    variable: env.HOME,
  };
}
`;

mapping.before(async (context) => {
  const owned = new AsyncDisposableStack();
  const folder = await temporaryFolder('mapping');
  owned.defer(() => folder.remove());
  await writeFiles(folder.path, {
    'cloister.yaml': 'capabilities: [fhir, http, log]\nhttp: { allow: ["https://api.example.org"] }\nenv: [HOME]\n',
    'workflows/w.yaml': 'id: w\nname: w\nrootChildren: []\nactivities: []\n',
    'activities/own.ts': 'export async function main() { return 1; }\n',
    [PATH]: TEXT,
  });
  const fhir = { baseUrl: 'http://127.0.0.1:9', mode: 'organization-prefix', auth: null } as const;
  const host = createScriptHost({ fhir, db: null, auditStore: null, cells: { most: 4, memoryMb: null }, log });
  owned.defer(() => host.close());
  const build = host.sandbox.build.bind(host.sandbox);
  const project = await openProject({ dir: folder.path, mode: 'working-tree', builtIns: new Map(), build });
  Object.assign(context, { owned, project, host });
});

mapping.after(async ({ owned }) => {
  await owned.disposeAsync();
});

const params = (...ids: string[]) => ids.map((id) => ({ resource: { id }, event: {} }));

function map(
  { project, host }: Pick<Parameters<Parameters<typeof mapping>[1]>[0], 'project' | 'host'>,
  ids: string[],
  readsFhir: boolean,
) {
  const mapper = new Mapper({ runner: host.runner, readsFhir, log });
  return mapper.map({ project, trigger: 't', workflow: 'w', path: PATH }, params(...ids));
}

mapping(
  'without a grant a mapping has the log alone, whatever its project declares, and keeps nothing (D7)',
  async (context) => {
    const alone = { calls: 1, fhir: 'DENIED', http: 'DENIED' };
    assert.equal(await map(context, ['a', 'b'], false), [
      { id: 'a', ...alone },
      { id: 'b', ...alone },
    ]);
    const [granted] = await map(context, ['a'], true);
    assert.equal(granted, { id: 'a', ...alone, fhir: 'UNAVAILABLE' });
  },
);

mapping('mappings share no cell with runs, not even with those without a tenant (API-39)', async (context) => {
  await map(context, ['a'], false);
  const { project, host } = context;
  const script = await compileScript(project, 'activities/own.ts');
  assert.ok(script.ok);
  const own = {
    run: {
      id: 'r',
      workflow: 'w',
      activity: 'a',
      attempt: 1,
      startedAt: new Date().toISOString(),
      deterministic: false,
    },
    digest: script.bundle.digest,
    bundle: script.bundle,
    params: {},
    grants: {
      capabilities: new Set<never>(),
      http: { allow: [], privateRanges: [], secrets: new Map() },
      db: { tables: [], functions: [] },
      env: {},
    },
    limits: DEFAULT_LIMITS,
    remainingMs: 10_000,
    signal: new AbortController().signal,
    log: () => undefined,
  };
  for (const tenant of [null, 'org-a']) assert.ok((await host.runner.run({ ...own, tenant })).ok);
  const { cells } = host.sandbox.stats();
  assert.equal(cells.map(({ cell }) => cell).sort(), ['host:mapping', 'host:unscoped', 'org-a']);
  assert.is(new Set([process.pid, ...cells.map(({ pid }) => pid)]).size, 4);
});

mapping(
  'one that fails, or returns what is no object, fails the delivery; its words stay in the host',
  async (context) => {
    for (const id of ['list', 'uncaught']) {
      const error = await map(context, ['a', id], true).catch((reason: unknown) => reason);
      assert.ok(error instanceof ApiError && error.code === 'MAPPING_FAILED', id);
      assert.not.match(JSON.stringify([error.message, error.details]), /Patient|127\.0\.0\.1/);
    }
  },
);

mapping.run();
