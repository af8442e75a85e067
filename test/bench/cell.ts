/** The function under measurement as a script of a config project, for the sandbox itself. */
import { type Bundle, DEFAULT_LIMITS, type RunRequest, type Sandbox } from '../../sandbox/index.ts';

const ENTRY = 'activities/bench/order.ts';

/** Builds one script. Throws when it does not build. */
export async function buildScript(sandbox: Sandbox, source: string): Promise<Bundle> {
  const outcome = await sandbox.build({
    entry: ENTRY,
    files: new Map([[ENTRY, source]]),
    builtIns: new Map(),
    packages: new Set(),
    readPackage: async () => null,
    virtual: new Map(),
  });
  if (!outcome.ok) throw new Error(`the script does not build: ${JSON.stringify(outcome.problems)}`);
  return outcome.bundle;
}

/** Runs a script once in the cell of that key; resolves to its output. Throws when it fails. */
export async function callScript(sandbox: Sandbox, cell: string, bundle: Bundle, params: string): Promise<string> {
  const outcome = await sandbox.run(request(cell, bundle, params));
  if (!outcome.ok) throw new Error(`the script failed: ${outcome.error.code} ${outcome.error.message}`);
  return outcome.output;
}

function request(cell: string, bundle: Bundle, params: string): RunRequest {
  const startedAt = new Date().toISOString();
  return {
    cell,
    bundle,
    entry: 'main',
    params,
    run: { id: 'bench', workflow: 'bench', activity: 'order', attempt: 1, startedAt, deterministic: false },
    env: {},
    limits: DEFAULT_LIMITS,
    signal: new AbortController().signal,
    call: () => Promise.reject(new Error('the script calls nothing')),
    log: () => undefined,
  };
}
