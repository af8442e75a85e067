/**
 * Defences, each with what takes it out of the sources and the attacks that must then succeed. Defences that do not stand in
 * each other's way are taken out of one copy together. Where a second layer would still hold, both are taken out, and it says so.
 */
import type { Edit } from './copy.ts';

/** One defence. */
export interface Weakening {
  readonly defence: string;
  readonly edits: readonly Edit[];
  /** Case → the fault that it must show. */
  readonly red: Readonly<Record<string, RegExp>>;
}

const edit = (file: string, from: string, to: string): Edit => ({ file, from, to });

const noTimeouts = [
  edit('sandbox/cell/isolate.ts', '[kind, id, text], { timeout: timeoutMs }', '[kind, id, text], {}'),
  edit(
    'sandbox/cell/isolate.ts',
    '[run.settings, run.params], { timeout: limited() }',
    '[run.settings, run.params], {}',
  ),
  edit(
    'sandbox/cell/isolate.ts',
    'script.run(this.#context, { timeout: timeoutMs() })',
    'script.run(this.#context, {})',
  ),
  edit('sandbox/cell/isolate.ts', '[question], { timeout: timeoutMs, result', '[question], { result'),
];
const noWatch = [edit('sandbox/cell/main.ts', 'for (const session of all) session.watch(shareMs);', '')];
const noLine = [
  edit('sandbox/cell.ts', 'if (rssMb !== undefined && rssMb > this.#capMb() * RSS_LINE)', 'if (rssMb === -1)'),
];
const noGroups = [edit('sandbox/pool.ts', 'MemoryGroups | null = findMemoryGroups();', 'MemoryGroups | null = null;')];
const noWalls = [
  edit(
    'sandbox/cell/walls.ts',
    'const names = Object.keys',
    'if (process.pid > 0) return;\n  const names = Object.keys',
  ),
];

/** The rings, each of which is also shown by a file of its own that must fail. */
export const RINGS = {
  1: {
    defence: 'ring 1: the time limit of every entry into an isolate',
    edits: noTimeouts,
    red: { 'RES-18b': /SCRIPT_WALL|SCRIPT_CPU/ },
  },
  2: {
    defence: 'ring 2: the watch over CPU time and wall clock in the cell',
    edits: noWatch,
    red: { 'RES-02e': /the cell was ended: stuck/ },
  },
  3: {
    defence: 'ring 3: the supervisor ends the process of a run that does not leave it',
    edits: [
      edit(
        'sandbox/running.ts',
        'if (this.#endedAt !== null) return now - this.#endedAt > GRACE_MS;',
        'if (now > 0) return false;',
      ),
    ],
    red: { 'RES-07': /the cell was ended: never, expected: stuck/ },
  },
  4: {
    defence: 'ring 4: the cap on the memory of a process, and the line before it (the line alone would still hold)',
    edits: [...noLine, ...noGroups],
    red: { 'RES-06e': /returned 200, expected SCRIPT_MEMORY/ },
  },
} as const satisfies Record<number, Weakening>;

/** Builds: the weakenings that are made together. */
export const BUILDS: readonly (readonly Weakening[])[] = [
  [RINGS[1]],
  [RINGS[2]],
  [
    {
      defence: 'rings 1 and 2 (each of them still ends a plain loop without the other)',
      edits: [...noTimeouts, ...noWatch],
      red: {
        'RES-01': /ended with SCRIPT_WALL.*expected SCRIPT_CPU/,
        'RES-03': /ended with SCRIPT_WALL.*expected SCRIPT_CPU/,
      },
    },
  ],
  [RINGS[3]],
  [
    {
      defence: 'the line of resident memory (where there is a cgroup it still holds the cap)',
      edits: noLine,
      red: { 'RES-06d': /returned 80, expected SCRIPT_MEMORY/ },
    },
  ],
  [RINGS[4]],
  [
    {
      defence: 'the length of an argument, judged before it is written',
      edits: [
        edit(
          'sandbox/guest/json.ts',
          'if (text !== null ? text.length > max : isArray(part) && part.length > max / 2) {',
          'if (isArray(part) && part.length < 0) {',
        ),
      ],
      red: { 'BRG-08': /SCRIPT_MEMORY/ },
    },
    {
      defence: 'caps on calls in all and in flight, in the isolate (the host ends the cell, and all that runs in it)',
      edits: [
        edit('sandbox/guest/bridge.ts', 'if (made >= limits.calls) return', 'if (made < 0) return'),
        edit('sandbox/guest/bridge.ts', 'if (flying < limits.inFlight) send(call);', 'if (made > 0) send(call);'),
      ],
      red: { 'BRG-09': /SCRIPT_KILLED/ },
    },
    {
      defence: 'the text of an error is made inside the isolate, under its time limit',
      edits: [
        edit(
          'sandbox/guest/prelude.ts',
          "const fail = (thrown: unknown): void => post('fail', 0, stringify(describe(thrown)), attempt.describe(thrown));",
          'const fail = (thrown: unknown): void => {\n    throw thrown;\n  };',
        ),
      ],
      red: { 'BRG-11': /the cell was ended: stuck/ },
    },
  ],
  [
    {
      defence: 'captured primordials',
      edits: [
        edit(
          'sandbox/guest/primordials.ts',
          'export const { parse, stringify } = JSON;',
          'export const parse: JSON["parse"] = (...all) => JSON.parse(...all);\nexport const stringify: JSON["stringify"] = (...all: [never]) => JSON.stringify(...all);',
        ),
      ],
      red: { 'BRG-02': /ended with SCRIPT_ERROR/ },
    },
    {
      defence: 'keys that lead to prototypes are refused by the host',
      edits: [edit('sandbox/call.ts', 'const key = forbiddenKey(ok);', 'const key = ok === forbiddenKey ? "" : null;')],
      red: { 'BRG-04': /returned \["accepted"/ },
    },
    {
      defence: 'errors come out of a table (in the broker and in the sandbox: either would still hold)',
      edits: [
        edit(
          'host/broker/index.ts',
          'const shown = known ? error : ',
          'const shown = error instanceof Error ? (error as CapabilityError) : ',
        ),
        edit(
          'sandbox/call.ts',
          "if (!(error instanceof Error) || !('code' in error) || !CODES.has(error.code)) return null;",
          "if (!(error instanceof Error) || !('code' in error) || CODES.has('')) return null;",
        ),
      ],
      red: { 'BRG-03': /the attacker sees the heap/ },
    },
    {
      defence: 'the host judges size and depth of an argument itself',
      edits: [
        edit('sandbox/call.ts', 'if (Buffer.byteLength(args) > argBytes)', 'if (argBytes < 0)'),
        edit('sandbox/call.ts', 'if (deeperThan(args, MAX_DEPTH))', 'if (deeperThan(args, 1e9))'),
      ],
      red: { 'BRG-21': /returned .*"accepted","accepted"/ },
    },
    {
      defence: 'the host counts calls itself',
      edits: [
        edit(
          'sandbox/running.ts',
          'return this.#calls++ < calls && this.#open < inFlight;',
          'return this.#calls++ < calls * inFlight * 1e9;',
        ),
      ],
      red: { 'BRG-17': /returned "got away"/ },
    },
    {
      defence: 'one cell for each tenant',
      edits: [
        edit('host/runner.ts', 'const cell = request.cell ?? request.tenant ?? UNSCOPED_CELL;', "const cell = 'all';"),
      ],
      red: { 'SBX-10c': /Expected values to be deeply equal/ },
    },
  ],
  [
    {
      defence: 'flags of the permission model (the cell itself would refuse to start without)',
      edits: [
        edit(
          'sandbox/process.ts',
          "const flags = ['--permission', ",
          "const flags = ['--permission', '--allow-fs-read=*', '--allow-fs-write=*', '--allow-net', ",
        ),
        ...noWalls,
      ],
      red: { 'SBX-25': /the attacker sees the file/ },
    },
    {
      defence: 'the empty environment of a cell',
      edits: [edit('sandbox/process.ts', 'env: {},', 'env: process.env,')],
      red: { 'SBX-26': /the attacker sees the env/ },
    },
  ],
  [
    {
      defence: 'a fresh isolate for each run',
      edits: [
        edit('sandbox/cell/shelf.ts', 'this.#spare = null;\n    return spare;', 'return spare;'),
        edit('sandbox/cell/session.ts', 'this.#isolate.dispose();\n    for (const sealed', 'for (const sealed'),
      ],
      red: { 'SBX-10': /Expected values to be deeply equal/ },
    },
  ],
];
