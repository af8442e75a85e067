import * as assert from 'uvu/assert';
import type { Case, Seen } from '../samples/case.ts';
import type { Run } from '../samples/run.ts';

/**
 * An error that is none of Temporal's: a plain worker fails the task, and Temporal tries it again for ever; the run of a
 * guest fails at once, since its code is pinned and cannot be repaired.
 */
function bug(
  of: string,
  type: string,
  message: RegExp,
  talk: (run: Run) => Promise<unknown> = async () => undefined,
): Case {
  return {
    of,
    name: type,
    group: 'surface',
    drive: async (pilot) => {
      const run = await pilot.start(type);
      await talk(run);
      if (pilot.side === 'plain') {
        await run.until('WORKFLOW_TASK_FAILED');
        await run.terminate();
      }
      await run.outcome();
    },
    judge: (plain, guest) => {
      assert.is(
        plain.runs[0]?.commands.some(({ event }) => event === 'WORKFLOW_EXECUTION_FAILED'),
        false,
      );
      assert.is(guest.runs[0]?.commands.at(-1)?.event, 'WORKFLOW_EXECUTION_FAILED');
      const cause = causeOf(guest);
      assert.equal(cause?.told?.type, 'WORKFLOW_CODE_ERROR');
      assert.is(cause?.told?.nonRetryable, true);
      assert.match(cause?.message ?? '', message);
    },
  };
}

function causeOf({ answers }: Seen) {
  return answers.at(-1)?.fault?.cause;
}

/** Where a guest differs from a plain worker by intention. */
export const differing: readonly Case[] = [
  bug('failures', 'throwsPlainError', /name/),
  bug('failures', 'throwsText', /only text/),
  bug('messages', 'handlerThrows', /cannot add word/, (run) => run.signal('add', 'word')),
  bug('promises', 'unhandled', /nobody waits for this/),
  {
    ...bug('failures', 'withoutTimeout', /expected one/),
    judge: (_plain, guest) => assert.is(causeOf(guest)?.told?.type, 'ACTIVITY_TIMEOUT_MISSING'),
  },
  {
    of: 'edges',
    name: 'deep 5000',
    group: 'surface',
    drive: async (pilot) => void (await pilot.execute('deep', 5000)),
    judge: (plain, guest) => {
      assert.is(plain.answers[0]?.value, 5000);
      assert.is(causeOf(guest)?.told?.type, 'WORKFLOW_CODE_ERROR');
      assert.match(causeOf(guest)?.message ?? '', /RangeError/);
    },
  },
  {
    of: 'language',
    name: 'kinds',
    group: 'surface',
    drive: async (pilot) => void (await pilot.execute('kinds')),
    judge: (plain, guest) => {
      const missing = {
        Intl: 'object',
        SharedArrayBuffer: 'function',
        Atomics: 'object',
        WebAssembly: 'object',
        assert: 'function',
      };
      const [had, has] = [plain, guest].map(({ answers }) => answers[0]?.value as Readonly<Record<string, string>>);
      for (const [name, kind] of Object.entries(had ?? {}).filter(([, kind]) => kind !== 'undefined')) {
        const expected = name in missing ? 'undefined' : kind;
        assert.is(has?.[name], expected, name);
      }
      assert.equal(
        Object.keys(missing).map((name) => had?.[name]),
        Object.values(missing),
      );
    },
  },
  {
    of: 'children',
    name: 'nobodyThere',
    group: 'surface',
    drive: async (pilot) => void (await pilot.execute('nobodyThere')),
    // Whether a workflow is of the project is found out before Temporal is asked: nothing is tried that history could show.
    judge: (plain, guest) => {
      assert.equal(guest.answers, plain.answers);
      assert.equal(
        guest.runs[0]?.commands.map(({ event }) => event),
        ['WORKFLOW_EXECUTION_COMPLETED'],
      );
    },
  },
];
