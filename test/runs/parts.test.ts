/** Parts of runs and of what they are started with that need nothing else. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ClosedRuns } from '../../host/runs/closed.ts';
import { fromCursor, newestFirst, toCursor } from '../../host/runs/cursor.ts';
import { KeyedStarts, keyedBy, keyOf } from '../../host/runs/idempotency.ts';
import type { RunView } from '../../host/runs/view.ts';
import { inputWarnings } from '../../host/runs/warnings.ts';
import { childName } from '../../host/temporal/workflows/names.ts';
import { outlineOf } from '../../registry/scripts/outline.ts';

const parts = suite('parts of runs');

parts('simple types that are declared are compared, others are not, and a tenant is never told of', () => {
  const declared = {
    a: 'string',
    b: 'integer',
    c: 'boolean',
    d: 'object',
    e: 'array',
    f: 'any',
    g: 'Claim',
    h: 'string?',
  };
  const fits = { a: '', b: 1, c: false, d: {}, e: [], f: null, g: 1, tenantOrganizationId: 'x' };
  assert.equal(inputWarnings(declared, fits), []);
  assert.equal(inputWarnings(null, { any: 1 }), []);
  const wrong = { a: 1, b: '1', c: null, d: [], e: {}, f: 1, g: 1, h: 2 };
  assert.equal(
    inputWarnings(declared, wrong).map((text) => text.replace(/^input (\w): found /, '$1 ')),
    [
      'a number, expected string',
      'b string, expected integer',
      'c null, expected boolean',
      'd array, expected object',
      'e object, expected array',
      'h number, expected string?',
    ],
  );
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`x${n}`, 1]));
  assert.is(inputWarnings({}, many).length, 21);
  assert.equal(inputWarnings({ constructor: 'string' }, { toString: 1 }).length, 2);
});

parts('a script is outlined by its text', () => {
  const told = (text: string) => [outlineOf(text).hasMain, outlineOf(text).description];
  assert.equal(told("export const description = 'It\\'s \\u0041';\nexport async function main(x) {}"), [
    true,
    "It's u0041",
  ]);
  assert.equal(told('export const description: string =\n  "a" + b;\nexport const main = 1'), [true, 'a']);
  assert.equal(told('const main = 1;\nexport { x, main };'), [true, null]);
  assert.equal(told(`export const description = \`a $\{b}\`;\nexport const other = 1`), [false, null]);
  assert.equal(told('// export function main() {}'), [false, null]);
  const began = performance.now();
  outlineOf('export {\n'.repeat(20_000));
  outlineOf("export const description = '".repeat(7_000));
  assert.ok(performance.now() - began < 5_000, 'a text that was made for it takes long');
});

parts('a cursor is read back, and another text is none', () => {
  const place = { start: 1_795_286_541_422_746_732n, runId: '01a1fe47-0000-7000-8000-000000000000', width: 5n };
  const text = toCursor(place);
  assert.equal(fromCursor(text), place);
  for (const other of ['', 'x', text.slice(1), text.slice(0, -1), `${text}AAAA`])
    assert.is(fromCursor(other), null, other);
  const [a, b] = [
    { ...place, runId: 'a' },
    { ...place, runId: 'b' },
  ];
  assert.equal([newestFirst(a, b), newestFirst(b, a), newestFirst(a, a)], [1, -1, 0]);
});

parts('without a database ids are derived from tenant and key, and what Temporal remembers is compared', async () => {
  const keyed = keyedBy('org-1', 'key', { a: 1, b: 2 });
  assert.equal(keyed, keyedBy('org-1', 'key', { b: 2, a: 1 }));
  const runs = new Map<string, { mark: string; body: unknown }>();
  const starts = new KeyedStarts(null, async (id) => runs.get(id) ?? null);
  const attempt = await starts.claim(keyed, null);
  assert.match(attempt.workflowId, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(await starts.claim(keyed, null), attempt);
  assert.is.not((await starts.claim(keyedBy('org-2', 'key', { a: 1, b: 2 }), null)).workflowId, attempt.workflowId);
  assert.is(await starts.find(keyed, null), null);
  runs.set(attempt.workflowId, { mark: attempt.mark, body: { runId: 'r' } });
  assert.equal(await starts.find(keyed, null), { status: 202, body: { runId: 'r' } });
  const error = await starts
    .find(keyedBy('org-1', 'key', { a: 2 }), null)
    .catch((reason: { code: string }) => reason.code);
  assert.is(error, 'IDEMPOTENCY_CONFLICT');
  assert.is(keyOf(undefined), null);
});

parts('the memory of closed runs is bounded, and holds no open one', () => {
  const closed = new ClosedRuns();
  const view = (runId: string, status: string, length: number) =>
    ({ runId, status, input: 'x'.repeat(length) }) as unknown as RunView;
  closed.keep(view('open', 'in-progress', 1));
  closed.keep(view('huge', 'completed', 5e6));
  for (let n = 0; n < 20; n++) closed.keep(view(`run-${n}`, 'failed', 3e6));
  const held = Array.from({ length: 20 }, (_, n) => `run-${n}`).filter((id) => closed.get(id) !== null);
  assert.equal([closed.get('open'), closed.get('huge')], [null, null]);
  assert.is(held.at(-1), 'run-19');
  assert.ok(held.length >= 8 && held.length <= 11, `${held.length} held`);
});

parts('a child whose name would be too long for Temporal is named by the run of its parent', () => {
  const parent = { workflowId: 'w'.repeat(900), runId: 'r' };
  assert.is(childName(parent, 'a'), `${'w'.repeat(900)}-a`);
  assert.is(childName(parent, 'a'.repeat(128)), `r-${'a'.repeat(128)}`);
});

parts.run();
