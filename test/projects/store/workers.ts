import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { beating, codeOf, created, type Each } from './case.ts';

/** Lives of workers. */
export function workerCases(each: Each): void {
  each(
    "a worker's row moves only from the states that are named, and for one of those who try at once",
    async ({ store }) => {
      const { id: projectId } = await created(store);
      const worker = await store.insertWorker(beating(projectId));
      const { workerId } = worker;
      assert.is(await codeOf(store.insertWorker(beating(projectId, { workerId }))), 'STORE_UNAVAILABLE');
      const metadata = { stats: { workflows: 3 }, error: 'a\0b' };
      const at = new Date().toISOString();
      const running = await store.moveWorker(workerId, ['starting'], {
        status: 'running',
        lastHeartbeat: at,
        metadata,
      });
      assert.equal(running, {
        ...worker,
        status: 'running',
        lastHeartbeat: at,
        metadata: { stats: { workflows: 3 }, error: 'a\ufffdb' },
        updatedAt: running?.updatedAt,
      });
      assert.is(await store.moveWorker(workerId, ['starting'], { status: 'failed' }), null);
      assert.is(await store.moveWorker('another', ['running'], { status: 'failed' }), null);
      const end = { status: 'failed', stoppedAt: at, lastHeartbeat: null } as const;
      const ends = await Promise.all(
        Array.from({ length: 5 }, () => store.moveWorker(workerId, ['running', 'stopping'], end)),
      );
      assert.is(ends.filter((row) => row !== null).length, 1);
      const [row] = await store.listProjectWorkers(projectId, 5);
      assert.equal([row?.status, row?.stoppedAt, row?.lastHeartbeat], ['failed', at, null]);
    },
  );

  each(
    'the newest life of each project is found, however many it has had, and lists are whole',
    async ({ store, client }) => {
      const [restless, calm, never] = [await created(store), await created(store), await created(store)];
      const start = Date.parse('2026-01-01T00:00:00.000Z');
      const lives = Array.from({ length: 1_100 }, (_, n) => ({
        id: randomUUID(),
        worker_id: `${restless.id}-${n}`,
        project_id: restless.id,
        task_queue_name: 'q',
        status: 'failed',
        started_at: new Date(start + n).toISOString(),
      }));
      for (let from = 0; from < lives.length; from += 550)
        assert.is((await client.from('workflow_workers').insert(lives.slice(from, from + 550))).error, null);
      await store.insertWorker(beating(calm.id, { startedAt: '2020-01-01T00:00:00.000Z', status: 'stopped' }));
      const last = await store.insertWorker(
        beating(calm.id, { startedAt: '2020-01-01T00:00:00.001Z', status: 'stopping' }),
      );
      const newest = await store.newestWorkers([calm.id, never.id, restless.id, 'no-uuid']);
      assert.equal(
        new Map(newest.map((row) => [row.projectId, row.workerId])),
        new Map([
          [restless.id, `${restless.id}-1099`],
          [calm.id, last.workerId],
        ]),
      );
      const failed = (await store.listWorkers(['failed'])).filter(({ projectId }) => projectId === restless.id);
      assert.is(failed.length, 1_100);
      assert.ok((await store.listWorkers(['stopping'])).some(({ id }) => id === last.id));
      assert.equal(
        (await store.listProjectWorkers(restless.id, 2)).map(({ workerId }) => workerId),
        [`${restless.id}-1099`, `${restless.id}-1098`],
      );
    },
  );

  each('what belongs to a project goes with it', async ({ store, client }) => {
    const { id: projectId } = await created(store);
    const workflow = await store.saveProjectWorkflow({ projectId, name: 'w' });
    await store.recordCompilation(workflow.id, { workflowCode: 'a', activitiesCode: '', workerCode: '' }, null);
    await store.saveComponent({ projectId, name: 'c', code: 'x' });
    await store.insertWorker(beating(projectId));
    assert.is((await client.from('projects').delete().eq('id', projectId)).error, null);
    assert.equal(
      [
        await store.getProjectWorkflow(workflow.id),
        await store.listCompilations(workflow.id),
        await store.listProjectComponents(projectId),
        await store.listProjectWorkers(projectId, 9),
      ],
      [null, [], [], []],
    );
  });
}
