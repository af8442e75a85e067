/**
 * Inside QuickJS: Temporal's own SDK for workflows beside the code of the guest. It gets activation jobs and gives commands, both as text. All of
 * this is in the guest's reach; whatever comes out is judged outside.
 */
import './context.ts';
import './globals.ts';
import * as common from '@temporalio/common';
import * as workflow from '@temporalio/workflow';
import { setActivator } from '@temporalio/workflow/lib/global-attributes.js';
import { overrideGlobals } from '@temporalio/workflow/lib/global-overrides.js';
import { Activator } from '@temporalio/workflow/lib/internals.js';
import {
  activate,
  concludeActivation,
  initialize,
  tryUnblockConditions,
} from '@temporalio/workflow/lib/worker-interface.js';
import Long from 'long';
import { activator } from '../activator.ts';
import { toBase64 } from '../wire.ts';
import { bytesOf, NotJson, payloadConverter } from './converter.ts';
import { gate, guestWorkflow } from './gate.ts';

/** What a run is started with. */
interface Start {
  readonly info: Record<string, unknown>;
  readonly seed: readonly number[];
  readonly now: number;
  readonly initialize: unknown;
  readonly entry: string;
  readonly queue: string;
  /** The workflow's name in its project. */
  readonly workflow: string;
}

/** What every delivery brings beside its jobs: the state of the outer side. */
interface Delivery {
  readonly now: number;
  readonly info: Record<string, unknown>;
  readonly flags: readonly number[];
  readonly patches: readonly string[];
  readonly seed: readonly number[] | null;
  readonly jobs: readonly Record<string, unknown>[];
}

interface Line {
  readonly level: string;
  readonly message: string;
  readonly attributes?: unknown;
}

const MAX_LINES = 200;
const MAX_LINE = 8_000;
const MAX_TEXT = 4_000;

const lines: Line[] = [];
let fault: unknown;
let hasFault = false;

overrideGlobals();
const { log } = workflow;
const say =
  (level: 'debug' | 'info' | 'warn' | 'error') =>
  (...parts: unknown[]): void =>
    log[level](parts.map(shown).join(' '));
Object.assign(globalThis, {
  console: { debug: say('debug'), log: say('info'), info: say('info'), warn: say('warn'), error: say('error') },
});

/** The modules that guest code may import. */
const temporal = { workflow: guestWorkflow, common };

/** Reads the guest's code: a function that takes the modules and gives its exports. Its top level runs here. */
function load(code: (modules: typeof temporal) => Record<string, unknown>, text: string): void {
  const start = read(text) as Start;
  const state = new Activator({
    info: { ...start.info, unsafe: unsafe(start.info) } as never,
    randomnessSeed: [...start.seed],
    now: start.now,
    showStackTraceSources: false,
    sourceMap: { version: 3, sources: [], names: [], mappings: '' } as never,
    getTimeOfDay: () => 0n,
    registeredActivityNames: new Set(['default']),
    stackTracesEnabled: true,
    failureExceptionTypeNames: [],
  } as never);
  state.payloadConverter = payloadConverter as never;
  setActivator(state);
  attempt(() => {
    const exported = code(temporal);
    const { outbound = [] } = gate(start.queue);
    state.interceptors.outbound.push(...outbound);
    const run = exported[start.entry];
    if (typeof run !== 'function') throw new TypeError(`found no function "${start.entry}" among the exports`);
    state.workflow = run as never;
    optionsOf(run, state);
    tellWhatIsNoJson(start.workflow, state as unknown as Completing);
    initialize(withBytes(start.initialize) as never);
  });
}

/** What `setWorkflowOptions` said of it, as the SDK takes it over where it finds the function by itself. */
function optionsOf(run: object, state: Activator): void {
  if (!common.isWorkflowFunctionWithOptions(run)) return;
  const { workflowDefinitionOptions: options } = run;
  if (typeof options === 'function') state.workflowDefinitionOptionsGetter = options;
  else state.workflowDefinitionFailureExceptionTypes = options.failureExceptionTypes;
}

/** The SDK's own, private there. */
interface Completing {
  completeWorkflow(result: unknown): void;
  handleWorkflowFailure(error: unknown): void;
}

/** A result that is no JSON fails the run with a code of its own, and says where. */
function tellWhatIsNoJson(workflowName: string, state: Completing): void {
  const complete = state.completeWorkflow.bind(state);
  state.completeWorkflow = (result) => {
    try {
      complete(result);
    } catch (error) {
      if (!(error instanceof NotJson)) throw error;
      const message = `${workflowName} result: found ${error.found}, expected JSON`;
      const failure = common.ApplicationFailure.create({ type: 'RESULT_NOT_JSON', message, nonRetryable: true });
      state.handleWorkflowFailure(failure);
    }
  };
}

/** One batch of jobs; the reactions to it run when this has returned. */
function deliver(text: string): void {
  const { now, info, flags, patches, seed, jobs } = read(text) as Delivery;
  const state = activator();
  state.now = now;
  state.mutateWorkflowInfo((before) => ({ ...before, ...info, unsafe: unsafe(info) }) as never);
  state.addKnownFlags([...flags]);
  for (const patch of patches) state.knownPresentPatches.add(patch);
  if (seed) state.setRandomnessSeed([...seed]);
  attempt(() => activate({ jobs: jobs.map(asJob) } as never));
}

/** The SDK reads search attributes as bytes, whatever converter there is. */
function withBytes(job: unknown): unknown {
  const { searchAttributes, ...rest } = job as { searchAttributes?: { indexedFields?: Record<string, WirePayload> } };
  const indexedFields = Object.fromEntries(
    Object.entries(searchAttributes?.indexedFields ?? {}).map(([name, { metadata = {}, data = {} }]) => {
      const raw = Object.entries(metadata).map(([key, value]) => [key, bytesOf(value)]);
      return [name, { metadata: Object.fromEntries(raw) as unknown, data: bytesOf(data) }];
    }),
  );
  return { ...rest, searchAttributes: { indexedFields } };
}

type WireBytes = Parameters<typeof bytesOf>[0];
interface WirePayload {
  readonly metadata?: Readonly<Record<string, WireBytes>>;
  readonly data?: WireBytes;
}

function asJob(job: Record<string, unknown>): unknown {
  const [variant] = Object.keys(job);
  return { ...job, variant };
}

function unsafe(info: Record<string, unknown>): unknown {
  const own = getOwn();
  return { ...(info.unsafe as object), now: own.now, random: own.random };
}

/** Tries the conditions that are waited for; true when one has come true. */
function unblock(): boolean {
  return attempt(() => tryUnblockConditions()) === 1;
}

function attempt(fn: () => unknown): number {
  try {
    const count = fn();
    return typeof count === 'number' && count > 0 ? 1 : 0;
  } catch (error) {
    note(error);
    return 0;
  }
}

/** Keeps the first error that nothing has caught. */
function note(error: unknown): void {
  if (!hasFault) fault = error;
  hasFault = true;
}

/** Everything since the last time: commands, lines, flags, and the error that ends the run. */
function collect(): string {
  const state = activator();
  attempt(() => state.maybeRethrowWorkflowTaskError());
  let commands: unknown = [];
  let flags: readonly number[] = [];
  if (!hasFault) {
    attempt(() => {
      const { successful } = concludeActivation() as { successful: { commands: unknown; usedInternalFlags: number[] } };
      commands = successful.commands;
      flags = successful.usedInternalFlags;
    });
  }
  for (const { ifaceName, fnName, args } of state.getAndResetSinkCalls()) {
    if (ifaceName === '__temporal_logger') addLine(fnName, args);
  }
  const told = lines.splice(0);
  const ended = hasFault ? { fault: describe(fault) } : {};
  return write({ commands, flags, lines: told, ...ended });
}

function addLine(level: string, args: readonly unknown[]): void {
  if (lines.length >= MAX_LINES) return;
  const [message, attributes] = args;
  const { sdkComponent: component, ...rest } = (attributes ?? {}) as Record<string, unknown>;
  if (component === 'worker') return;
  const known = new Set(['namespace', 'taskQueue', 'workflowId', 'runId', 'workflowType']);
  const own = Object.fromEntries(Object.entries(rest).filter(([name]) => !known.has(name)));
  const text =
    JSON.stringify(own, (_name, value: unknown) => (value instanceof Error ? errorLine(value) : value)) ?? '{}';
  lines.push({
    level,
    message: shown(message).slice(0, MAX_LINE),
    ...(text !== '{}' && text.length <= MAX_LINE && { attributes: JSON.parse(text) as unknown }),
  });
}

/** An error among the attributes of a line: what a person reads of it. */
function errorLine({ name, message, stack, cause }: Error): unknown {
  return { name, message, stack, ...(cause !== undefined && { cause }) };
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, MAX_LINE);
  } catch {
    return '(not JSON)';
  }
}

/** What an uncaught error says of itself. */
function describe(error: unknown): { name: string; message: string; stack: string } {
  const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, MAX_TEXT) : '');
  if (!(error instanceof Error)) return { name: 'Error', message: shown(error).slice(0, MAX_TEXT), stack: '' };
  const place = error instanceof NotJson ? `: found ${error.found}, expected JSON` : '';
  return { name: text(error.name) || 'Error', message: text(error.message) + place, stack: text(error.stack) };
}

const { parse, stringify } = JSON;

/** Integers of 64 bits and dates are few, and looking for them takes as long as all the rest. */
function read(text: string): unknown {
  if (!text.includes('{"$l":') && !text.includes('{"$d":')) return parse(text);
  return parse(text, (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    const { $l: digits, $d: date } = value as { $l?: unknown; $d?: unknown };
    if (typeof digits === 'string') return Long.fromString(digits);
    return typeof date === 'number' ? new Date(date) : value;
  });
}

Object.defineProperty(Long.prototype, 'toJSON', {
  value(this: Long) {
    return { $l: this.toString() };
  },
});

/** Bytes come from the SDK itself alone, with search attributes and with what it answers to queries of its own. */
function write(value: { readonly commands: unknown } & Readonly<Record<string, unknown>>): string {
  const commands = value.commands as readonly Record<string, unknown>[];
  const hasBytes = commands.some((each) => Object.values(each).some(mayHaveBytes));
  if (!hasBytes) return stringify(value);
  return stringify(value, (_name, each: unknown) => (each instanceof Uint8Array ? { $b: toBase64(each) } : each));
}

function mayHaveBytes(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  const { searchAttributes, queryId } = body as { readonly searchAttributes?: unknown; readonly queryId?: unknown };
  return searchAttributes !== undefined || queryId !== undefined;
}

function getOwn() {
  return { now: () => activator().now, random: { random: () => activator().random() } };
}

Object.assign(globalThis, { $guest: { load, deliver, unblock, collect, note } });
