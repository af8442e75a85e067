import { posix } from 'node:path';
import type { Import, Source } from './source.ts';

const CONTRACTS = ['sandbox/contract.ts', 'registry/plan.ts', 'registry/problem.ts', 'registry/projects/pin.ts'];
const DOORS = ['sandbox/index.ts', 'registry/index.ts'];
const FOLDERS = ['host', 'sandbox', 'registry', 'plugins', 'test'];
const WORKFLOWS = 'host/temporal/workflows/';
/** What runs inside the workflow VM of projects; its bundler runs in the host. */
const INTERPRETER = 'host/temporal/guest/';
const BUNDLER = `${INTERPRETER}bundle.ts`;
/** The contract's constants are part of the interpreter: the registry's door would bring all the rest. */
const PIN = 'registry/projects/pin.ts';
const GUEST_TYPES = 'plugins/cloister.d.ts';
const GUEST_MODULES = /^(cloister(:.+)?|@aidbox-billing\/built-in-activities\/.+)$/;
/** What activities of projects may import besides. */
const ACTIVITY_MODULE = '@temporalio/activity';
const SAMPLES = 'plugins/samples/';

/** What is wrong with the imports of one file, each as `file:line imports X: why`. */
export function wrongImports(source: Source): readonly string[] {
  return source.imports.flatMap((one) => {
    const why = source.path.startsWith('plugins/') ? pluginFault(source, one) : faultOf(source, one);
    return why === null ? [] : [`${source.path}:${one.line} imports ${one.from}: ${why}`];
  });
}

/** The file an import means, relative to the root; null for a package. */
export function targetOf(path: string, from: string): string | null {
  return from.startsWith('.') ? posix.join(posix.dirname(path), from) : null;
}

function faultOf({ path }: Source, one: Import): string | null {
  const target = targetOf(path, one.from);
  const own = folderOf(path);
  const theirs = target === null ? own : folderOf(target);
  if (path.startsWith(WORKFLOWS) && !isForWorkflows(target, one)) {
    return 'workflow files import @temporalio/workflow, each other and types';
  }
  if (path.startsWith(INTERPRETER) && path !== BUNDLER) {
    if (one.from.startsWith('node:')) return 'there is no Node inside the workflow VM';
    if (target === PIN) return null;
  }
  if (own === theirs || own === 'test' || target === 'package.json') return null;
  if (theirs === 'test') return 'nothing imports test';
  if (own !== 'host') return `${own} imports none of the other folders`;
  if (one.typeOnly && target !== null && CONTRACTS.includes(target)) return null;
  return target !== null && DOORS.includes(target)
    ? null
    : `host enters ${DOORS.join(' and ')} only, else contract types`;
}

/** A script may use what a cell offers: its own kind, the types, and the virtual modules. */
function pluginFault({ path }: Source, one: Import): string | null {
  const target = targetOf(path, one.from);
  if (path === GUEST_TYPES && target === null && one.typeOnly) return null;
  if (path.startsWith(SAMPLES) && one.from === ACTIVITY_MODULE) return null;
  const allowed = target === null ? GUEST_MODULES.test(one.from) : folderOf(target) === 'plugins';
  return allowed ? null : 'scripts import cloister, the built-ins and each other';
}

function isForWorkflows(target: string | null, { from, typeOnly }: Import): boolean {
  return typeOnly ? !from.startsWith('node:') : from === '@temporalio/workflow' || !!target?.startsWith(WORKFLOWS);
}

function folderOf(path: string): string {
  const [first = ''] = path.split('/');
  return FOLDERS.includes(first) ? first : '(root)';
}
