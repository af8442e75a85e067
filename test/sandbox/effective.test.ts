// timeout: 180
/** Every limit takes effect from where it is written down to where it ends something: one test per limit and place. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Capability } from '../../host/broker/capability.ts';
import { Broker } from '../../host/broker/index.ts';
import { ScriptRunner } from '../../host/runner.ts';
import { CEILINGS, developmentTenants, FLOORS } from '../../host/tenants.ts';
import { compileWorkflow, formatProblem, openProject } from '../../registry/index.ts';
import { createSandbox, DEFAULT_LIMITS, type Limits, type LogLine } from '../../sandbox/index.ts';
import { BUILT_INS, Folders } from '../registry/folder.ts';

const test = suite('limits from their declaration to their effect');
const folders = new Folders();
const sandbox = createSandbox({ spare: false });
const seen = { open: 0, most: 0 };
const fhir: Capability = {
  methods: new Map([
    [
      'fhir.read',
      async () => {
        seen.most = Math.max(seen.most, ++seen.open);
        await sleep(50);
        seen.open--;
        return {};
      },
    ],
  ]),
  close: async () => undefined,
};
const broker = new Broker([fhir], { denied: () => undefined, failed: () => undefined });
const runner = new ScriptRunner(sandbox, broker);

test.after(async () => {
  folders.remove();
  await sandbox.close();
});

/** What one limit changes: a script, how low the limit is set, and how a run ends without it and with it. */
interface Effect {
  readonly low: number;
  readonly main: string;
  readonly usual: string;
  readonly limited: string;
}

const EFFECTS: Readonly<Record<keyof Limits, Effect>> = {
  cpuMs: {
    low: 60,
    main: 'for (let i = 0, x = 0; i < 2e8; i++) x += i % 7; return "ok";',
    usual: 'ok',
    limited: 'SCRIPT_CPU',
  },
  wallMs: {
    low: 200,
    main: 'await new Promise((r) => setTimeout(r, 700)); return "ok";',
    usual: 'ok',
    limited: 'SCRIPT_WALL',
  },
  heapMb: {
    low: 16,
    main: 'const a = []; for (let i = 0; i < 1e4; i++) a.push(new Array(1000).fill(i + 0.5)); return "ok";',
    usual: 'ok',
    limited: 'SCRIPT_MEMORY',
  },
  rssMb: {
    low: 128,
    main: 'const b = new Uint8Array(100e6).fill(1); await new Promise((r) => setTimeout(r, 500)); return b[1] ? "ok" : "";',
    usual: 'ok',
    limited: 'SCRIPT_MEMORY',
  },
  calls: {
    low: 2,
    main: 'for (let i = 0; i < 3; i++) await fhir.read("Patient", "a"); return "ok";',
    usual: 'ok',
    limited: 'TOO_MANY_CALLS',
  },
  inFlight: {
    low: 1,
    main: 'await Promise.all([1, 2, 3].map(() => fhir.read("Patient", "a"))); return "most";',
    usual: 'most 3',
    limited: 'most 1',
  },
  argBytes: {
    low: 200,
    main: 'await fhir.read("Patient", "a".repeat(300)); return "ok";',
    usual: 'ok',
    limited: 'TOO_LARGE',
  },
  resultBytes: { low: 50, main: 'return "ok".padEnd(100);', usual: 'ok', limited: 'RESULT_TOO_LARGE' },
  logLines: {
    low: 2,
    main: 'for (let i = 0; i < 5; i++) log.info("line"); return "lines";',
    usual: 'lines 5',
    // Two, and one that says that there are no more.
    limited: 'lines 3',
  },
  concurrentRuns: {
    low: 1,
    main: 'await fhir.read("Patient", "a"); return "most at once";',
    usual: 'most at once 2',
    limited: 'most at once 1',
  },
};

/** Where a limit can stand, as files of a project and of its host. */
type Place = 'nowhere' | 'cloister.yaml' | 'the workflow' | 'the activity' | "the tenant's ceiling";

function filesOf(name: string, low: number, main: string, place: Place): Record<string, string> {
  const limits = `limits: { ${name}: ${low} }\n`;
  const at = (other: Place, indent = ''): string => (place === other ? `${indent}${limits}` : '');
  return {
    'cloister.yaml': `capabilities: [fhir, log]\n${at('cloister.yaml')}`,
    'workflows/w.yaml': `id: w\nname: W\nrootChildren: [a]\n${at('the workflow')}activities:\n  - id: a\n    name: A\n    script: ./activities/x/a.ts\n${at('the activity', '    ')}`,
    'activities/x/a.ts': `import { fhir, log } from 'cloister';\nexport const description = 'One effect.';\nexport async function main() { void fhir; void log; ${main} }\n`,
  };
}

/** How a run of the project's only activity ends. */
async function endOf(name: keyof Limits, place: Place): Promise<string> {
  const { low, main } = EFFECTS[name];
  const dir = folders.make(filesOf(name, low, main, place));
  const project = await openProject({
    dir,
    mode: 'working-tree',
    builtIns: BUILT_INS,
    build: (input) => sandbox.build(input),
  });
  const { plan, problems, bundles } = await compileWorkflow(project, 'w');
  const activity = plan?.activities[0];
  const bundle = bundles.get(activity?.bundle ?? '');
  assert.ok(plan && activity && bundle, problems.map(formatProblem).join('\n'));
  const file = join(dir, 'tenants.yaml');
  if (place === "the tenant's ceiling")
    writeFileSync(file, `t: { capabilities: [fhir, log], limits: { ${name}: ${low} } }\n`);
  const { grants, limits } = await developmentTenants(file, () => undefined).effective('t', plan, activity);
  const lines: LogLine[] = [];
  Object.assign(seen, { open: 0, most: 0 });
  const once = () =>
    runner.run({
      tenant: 't',
      run: {
        id: 'r',
        workflow: 'w',
        activity: 'a',
        attempt: 1,
        startedAt: new Date().toISOString(),
        deterministic: false,
      },
      digest: plan.digest,
      bundle,
      params: {},
      grants,
      limits,
      remainingMs: 30_000,
      signal: new AbortController().signal,
      log: (line) => lines.push(line),
    });
  const [outcome] = await Promise.all(name === 'concurrentRuns' ? [once(), once()] : [once()]);
  rmSync(dir, { recursive: true });
  if (!outcome) return 'nothing';
  if (!outcome.ok) return outcome.code === 'SCRIPT_ERROR' ? outcome.message : outcome.code;
  const word = String(outcome.output).trim();
  if (word.startsWith('most')) return `${word} ${seen.most}`;
  return word === 'lines' ? `lines ${lines.length}` : word;
}

const PLACES: readonly Place[] = ['cloister.yaml', 'the workflow', 'the activity', "the tenant's ceiling"];

for (const name of Object.keys(EFFECTS) as (keyof Limits)[]) {
  const { usual, limited } = EFFECTS[name];
  test(`${name} holds wherever it is written`, async () => {
    assert.is(await endOf(name, 'nowhere'), usual);
    for (const place of PLACES) {
      const end = await endOf(name, place);
      const isRight = end === limited || (limited.startsWith('TOO_') && end !== usual);
      assert.ok(isRight, `${name} in ${place}: found "${end}", expected "${limited}"`);
    }
  });
}

const PLAN = {
  declaration: {
    capabilities: [],
    http: { allow: [] },
    db: { tables: [], functions: [] },
    env: [],
    secrets: [],
    deterministic: false,
  },
} as const;
const NO_FILE = join(import.meta.dirname, 'no-such-file.yaml');

test('what is asked for beyond a ceiling is cut down to it, and the run is told so', async () => {
  const rules = developmentTenants(NO_FILE, () => undefined);
  const asked = Object.fromEntries(Object.entries(CEILINGS).map(([name, most]) => [name, most + 1]));
  const { limits, notes } = await rules.effective(
    null,
    { declaration: { ...PLAN.declaration, limits: asked } },
    { limits: {} },
  );
  assert.equal(limits, CEILINGS);
  assert.is(notes.length, Object.keys(CEILINGS).length);
  const { cpuMs } = CEILINGS;
  assert.ok(
    notes.includes(
      `limits.cpuMs: found ${cpuMs + 1}, expected at most ${cpuMs}, the ceiling of the tenant; ${cpuMs} applies`,
    ),
  );
});

test('an activity may ask for more than its project, up to the ceiling', async () => {
  const rules = developmentTenants(NO_FILE, () => undefined);
  const plan = { declaration: { ...PLAN.declaration, limits: { cpuMs: 50 } } };
  const { limits, notes } = await rules.effective(null, plan, { limits: { cpuMs: 2_000 } });
  assert.is(limits.cpuMs, 2_000);
  assert.equal(notes, []);
});

test('less memory than a cell needs is raised to that, and the run is told so', async () => {
  const rules = developmentTenants(NO_FILE, () => undefined);
  const plan = { declaration: { ...PLAN.declaration, limits: { heapMb: 1, rssMb: 1 } } };
  const { limits, notes } = await rules.effective(null, plan, { limits: {} });
  assert.equal({ heapMb: limits.heapMb, rssMb: limits.rssMb }, { ...FLOORS });
  assert.is(notes.length, 2);
});

test('nobody who asks for nothing gets something else than the defaults', async () => {
  const { limits, notes } = await developmentTenants(NO_FILE, () => undefined).effective(
    null,
    { declaration: { ...PLAN.declaration, limits: {} } },
    { limits: {} },
  );
  assert.equal(limits, { ...DEFAULT_LIMITS, wallMs: CEILINGS.wallMs });
  assert.equal(notes, []);
});

test.run();
