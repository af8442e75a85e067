import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { compilationDigest } from '../../../registry/index.ts';
import { codeOf, created, type Each } from './case.ts';

const CODE = JSON.stringify({ workflow_code: 'export async function run() {}' });

/** Workflows, compilations and components. */
export function codeCases(each: Each): void {
  each('PW-3 loaded is what is active, has code and is not switched off', async ({ store, client }) => {
    const { id: projectId } = await created(store);
    const other = await created(store);
    await store.saveProjectWorkflow({
      projectId: other.id,
      name: 'foreign',
      status: 'active',
      compiledTypescript: CODE,
    });
    for (const status of ['active', 'draft', 'inactive', 'archived', null] as const) {
      for (const code of [CODE, null]) {
        for (const isActive of [true, false, null]) {
          const name = `${status} ${code === null ? 'without' : 'with'} code, is_active ${isActive}`;
          const write = { projectId, name, compiledTypescript: code, ...(status !== null && { status }) };
          const { id } = await store.saveProjectWorkflow(write);
          const columns = { is_active: isActive, ...(status === null && { status_id: null }) };
          const { error } = await client.from('workflows').update(columns).eq('id', id);
          assert.is(error, null);
        }
      }
    }
    const loaded = await store.listActiveWorkflows(projectId);
    assert.equal(loaded.map(({ name }) => name).sort(), [
      'active with code, is_active null',
      'active with code, is_active true',
    ]);
    assert.ok(loaded.every(({ compiledTypescript }) => compiledTypescript === CODE));
    const all = await store.listProjectWorkflows(projectId);
    assert.is(all.length, 30);
    const unset = all.filter(({ status }) => status === null);
    assert.is(unset.length, 6);
  });

  each('what the builder stored comes back, also text that looks like something else', async ({ store, client }) => {
    const { id: projectId } = await created(store);
    const definition = {
      nodes: [{ id: '1', type: 'a', data: { componentId: null, '\0': 'x\0\ud800"\\u0000' } }],
      edges: [],
    };
    const saved = await store.saveProjectWorkflow({ projectId, name: '123', kebabName: 'true', definition });
    assert.equal([saved.name, saved.kebabName, saved.status, saved.compiledAt], ['123', 'true', 'draft', null]);
    assert.equal(saved.definition, {
      nodes: [{ id: '1', type: 'a', data: { componentId: null, '\ufffd': 'x\ufffd\ufffd"\\u0000' } }],
      edges: [],
    });
    for (const code of [
      'import { x } from "y";',
      '123',
      '["a"]',
      '"text"',
      '{"workflow_code":"a\\u0000 \\ud83d\\ude00 ü"}',
      '',
    ]) {
      const row = await store.saveProjectWorkflow({ id: saved.id, projectId, name: 'w', compiledTypescript: code });
      const kept = (await store.getProjectWorkflow(saved.id))?.compiledTypescript ?? 'null';
      // The embedded database reads and writes JSON anew.
      const equal = (text: string) => (/^[[{]/.test(text) ? JSON.parse(text) : text);
      assert.equal(equal(kept), equal(code));
      assert.is(row.status, 'draft');
      assert.ok(row.compiledAt !== null);
      assert.equal(row.definition, saved.definition);
    }
    assert.is(
      (await store.saveProjectWorkflow({ id: saved.id, projectId, name: 'w', compiledTypescript: null })).compiledAt,
      null,
    );
    const own = randomUUID();
    await client.from('workflows').insert({ id: own, project_id: projectId, name: 'bare' });
    const bare = await store.getProjectWorkflow(own);
    assert.equal([bare?.status, bare?.isActive, bare?.createdAt, bare?.definition], [null, true, null, null]);
  });

  each('what is written under an id of another project is refused and changes nothing', async ({ store }) => {
    const [mine, theirs] = [await created(store), await created(store)];
    const workflow = await store.saveProjectWorkflow({ projectId: theirs.id, name: 'theirs', status: 'active' });
    const component = await store.saveComponent({ projectId: theirs.id, name: 'theirs', code: 'x' });
    const shared = await store.saveComponent({ projectId: null, name: 'shared', code: 'x' });
    assert.is(
      await codeOf(store.saveProjectWorkflow({ id: workflow.id, projectId: mine.id, name: 'mine' })),
      'ID_TAKEN',
    );
    for (const { id } of [component, shared]) {
      assert.is(await codeOf(store.saveComponent({ id, projectId: mine.id, name: 'mine', code: 'y' })), 'ID_TAKEN');
    }
    assert.is(
      await codeOf(store.saveComponent({ id: component.id, projectId: null, name: 'm', code: 'y' })),
      'ID_TAKEN',
    );
    assert.equal(await store.getProjectWorkflow(workflow.id), workflow);
    assert.equal(await store.listComponents([component.id]), [component]);
  });

  each(
    'of several compilations the newest is the active one, also when they are recorded at once',
    async ({ store }) => {
      const { id: projectId } = await created(store);
      const { id } = await store.saveProjectWorkflow({ projectId, name: 'w' });
      const codes = (n: number) => ({ workflowCode: `code ${n}`, activitiesCode: '', workerCode: '' });
      const first = await store.recordCompilation(id, codes(0), '1');
      assert.equal([first.isActive, first.digest], [true, compilationDigest(codes(0))]);
      await Promise.all([1, 2, 3, 4].map((n) => store.recordCompilation(id, codes(n), String(n + 1))));
      const all = await store.listCompilations(id);
      assert.is(all.length, 5);
      assert.equal(
        all.map(({ isActive }) => isActive),
        [true, false, false, false, false],
      );
      assert.is(all.at(-1)?.id, first.id);
    },
  );

  each(
    'components are found by any number of ids, and by name only where the project may call them',
    async ({ store, client }) => {
      const [mine, theirs] = [await created(store), await created(store)];
      const name = `send "E-mail", \\ (${randomUUID()})`;
      const own = await store.saveComponent({
        projectId: mine.id,
        name,
        code: 'a',
        version: '2',
        language: 'javascript',
      });
      const shared = await store.saveComponent({ projectId: null, name, code: 'b' });
      await store.saveComponent({ projectId: theirs.id, name, code: 'c' });
      const byName = await store.listComponentsByName(mine.id, [name, '123', 'x,y']);
      assert.equal(new Set(byName.map(({ id }) => id)), new Set([own.id, shared.id]));
      assert.equal([own.version, own.language, own.isActive, shared.projectId], ['2', 'javascript', true, null]);
      assert.equal(await store.listProjectComponents(mine.id), [own]);
      const off = await store.saveComponent({ id: own.id, projectId: mine.id, name, code: 'a', isActive: false });
      assert.equal(off, { ...own, isActive: false, updatedAt: off.updatedAt });

      const ids = Array.from({ length: 250 }, () => randomUUID());
      const rows = ids.map((id, n) => ({ id, name: `c${n}`, project_id: theirs.id, implementation_code: 'x' }));
      assert.is((await client.from('components').insert(rows)).error, null);
      const found = await store.listComponents([...ids, randomUUID(), 'no-uuid', '', ids[0]?.toUpperCase() ?? '']);
      assert.is(found.length, 250);
      assert.ok(
        found.every(({ isActive }) => !isActive),
        'is_active null is not active',
      );
    },
  );
}
