import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openRig, outputOf } from './rig.ts';

const test = suite('module cloister');
const rig = openRig();

test.after(() => rig.sandbox.close());
test.before.each(() => {
  rig.calls.length = 0;
});

const script = (imports: string, body: string) => ({
  'activities/a.ts': `import { ${imports} } from 'cloister';\nexport async function main(): Promise<unknown> {\n${body}\n}\n`,
});

test('fhir and http cross as typed operations', async () => {
  const body = `await fhir.read('Patient', 'p1'); await fhir.search('Patient', { name: ['a', 'b'], _count: 5 }); await fhir.search('Task');
    await fhir.create({ resourceType: 'Task' }); await fhir.update({ resourceType: 'Task', id: '1' });
    await fhir.patch('Task', '1', [{ op: 'remove', path: '/x' }]); const gone = await fhir.delete('Task', '1');
    await fhir.transaction({ resourceType: 'Bundle' }); await http.fetch('https://x.example', { method: 'PUT', body: 'b', secret: 's', timeoutMs: 5 });
    return gone === undefined;`;
  assert.is(outputOf(await rig.runFiles(script('fhir, http', body))), true);
  assert.equal(rig.calls, [
    { method: 'fhir.read', args: { type: 'Patient', id: 'p1' } },
    { method: 'fhir.search', args: { type: 'Patient', params: { name: ['a', 'b'], _count: 5 } } },
    { method: 'fhir.search', args: { type: 'Task', params: {} } },
    { method: 'fhir.create', args: { resource: { resourceType: 'Task' } } },
    { method: 'fhir.update', args: { resource: { resourceType: 'Task', id: '1' } } },
    { method: 'fhir.patch', args: { type: 'Task', id: '1', ops: [{ op: 'remove', path: '/x' }] } },
    { method: 'fhir.delete', args: { type: 'Task', id: '1' } },
    { method: 'fhir.transaction', args: { bundle: { resourceType: 'Bundle' } } },
    { method: 'http.fetch', args: { url: 'https://x.example', method: 'PUT', body: 'b', timeoutMs: 5, secret: 's' } },
  ]);
});

test('env and run are the ones of the request, frozen; log writes lines', async () => {
  rig.lines.length = 0;
  const body = `log.info('hello', { a: 1 }); log.error('bad');
    return [env.A, env.NOPE ?? null, Object.isFrozen(env), run.id, run.attempt, Object.isFrozen(run)];`;
  const outcome = await rig.runFiles(script('env, log, run', body), { env: { A: 'b' } });
  assert.equal(outputOf(outcome), ['b', null, true, 'run-1', 1, true]);
  assert.equal(
    rig.lines.map(({ level, message, data }) => [level, message, data]),
    [
      ['info', 'hello', { a: 1 }],
      ['error', 'bad', undefined],
    ],
  );
});

test('db is the query builder of supabase-js; one typed request crosses', async () => {
  const requests: unknown[] = [];
  const body = `const found = await db.from('notes').select('id, body').eq('id', 'x),or(').in('k', ['ab', 'c,d']).limit(2);
    const made = await db.from('notes').insert({ id: 1 }).select().single();
    const called = await db.rpc('total', { n: 1 });
    return [found.data, found.error, made.data, called.data];`;
  const outcome = await rig.runFiles(script('db', body), {
    call: async (method, args) => {
      requests.push([method, args]);
      return { status: 200, statusText: 'OK', headers: { 'content-type': 'application/json' }, body: '[{"id":1}]' };
    },
  });
  assert.equal(outputOf(outcome), [[{ id: 1 }], null, [{ id: 1 }], [{ id: 1 }]]);
  assert.equal(requests, [
    [
      'db.request',
      {
        target: { table: 'notes' },
        method: 'GET',
        query: [
          ['select', 'id,body'],
          ['id', 'eq.x),or('],
          ['k', 'in.(ab,"c,d")'],
          ['limit', '2'],
        ],
        headers: {},
      },
    ],
    [
      'db.request',
      {
        target: { table: 'notes' },
        method: 'POST',
        query: [['select', '*']],
        headers: {
          prefer: 'return=representation',
          accept: 'application/vnd.pgrst.object+json',
          'content-type': 'application/json',
        },
        body: '{"id":1}',
      },
    ],
    [
      'db.request',
      {
        target: { fn: 'total' },
        method: 'POST',
        query: [],
        headers: { 'content-type': 'application/json' },
        body: '{"n":1}',
      },
    ],
  ]);
});

test('a refused db request is the error of its answer, with the code of the call', async () => {
  const body = 'const { data, error } = await db.from("secrets").select(); return [data, error.code, error.message];';
  const outcome = await rig.runFiles(script('db', body), {
    call: () => Promise.reject(Object.assign(new Error('not granted'), { code: 'DENIED' })),
  });
  assert.equal(outputOf(outcome), [null, 'DENIED', 'not granted']);
});

test('the query builder is in a bundle only if the script uses db', async () => {
  const without = await rig.build(script('fhir', 'return fhir.read("A", "b");'));
  const withDb = await rig.build(script('db', 'return db.from("a").select();'));
  assert.ok(without.ok && withDb.ok);
  if (without.ok && withDb.ok) assert.ok(without.bundle.code.length * 10 < withDb.bundle.code.length);
});

test('evaluate runs an expression or a function body with its scope as variables', async () => {
  const body = `return [await evaluate('age >= 18 && name', { age: 20, name: 'x' }), await evaluate('const n = a * 2; return { n };', { a: 2 }), await evaluate('undefined')];`;
  assert.equal(outputOf(await rig.runFiles(script('evaluate', body))), ['x', { n: 4 }, null]);
  assert.equal(rig.calls, []);
});

test('evaluated text has no capability, no way into the run, and is ended by its time', async () => {
  const body = `const attempt = async (source: string, scope = {}) => { try { return await evaluate(source, scope); } catch (e: any) { return e.code; } };
    return Promise.all(['typeof process + typeof fetch + typeof setTimeout + typeof console + typeof $cloister + typeof WebAssembly', 'for (;;);', 'throw new Error("x")', '}) + ({', '() => 1', 'new Promise(() => {})',
      'this.constructor.constructor("return typeof process")()'].map((source) => attempt(source)).concat(attempt('1', { 'a b': 1 })));`;
  assert.equal(outputOf(await rig.runFiles(script('evaluate', body))), [
    'undefinedundefinedundefinedundefinedundefinedundefined',
    'INVALID',
    'INVALID',
    'INVALID',
    'INVALID',
    'INVALID',
    'undefined',
    'BAD_ARGUMENT',
  ]);
});

test('the CPU time of evaluated text counts for the run', async () => {
  const body = `for (;;) { try { await evaluate('for (;;);'); } catch {} }`;
  const outcome = await rig.runFiles(script('evaluate', body), { limits: { cpuMs: 600 } });
  assert.is(outcome.ok ? 'ok' : outcome.error.code, 'SCRIPT_CPU');
});

test.run();
