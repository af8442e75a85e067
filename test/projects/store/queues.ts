import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { queueProblem } from '../../../registry/index.ts';
import { codeOf, created, type Each } from './case.ts';

/** Projects and their task queues. */
export function queueCases(each: Each): void {
  each(
    'PW-43 a queue is made of the owner and the name, and its prefix grows until it is unique',
    async ({ store }) => {
      const userId = 'abcdef01-2345-4678-9abc-def012345678';
      const queues: string[] = [];
      for (let n = 0; n < 6; n++) {
        const { taskQueueName } = await created(store, {
          userId: userId.toUpperCase(),
          name: '  Émail — Automation! ',
        });
        queues.push(taskQueueName);
      }
      const all = 'abcdef01234546789abcdef012345678';
      assert.equal(
        queues,
        ['abcdef', 'abcdef01', 'abcdef012345', all]
          .map((prefix) => `${prefix}-email-automation-queue`)
          .concat(`${all}-email-automation-2-queue`, `${all}-email-automation-3-queue`),
      );
      const id = randomUUID();
      const bare = await store.createProject({ id, name: '日本', tenant: 'org-1' });
      assert.is(bare.taskQueueName, `${id.slice(0, 6)}-project-queue`);
      const long = await created(store, { name: 'ab '.repeat(100) });
      assert.match(long.taskQueueName, /^[0-9a-f]{6}-(ab-){19}ab-queue$/);
    },
  );

  each('PW-43 projects of one name that are made at once get queues of their own', async ({ store }) => {
    const userId = randomUUID();
    const made = await Promise.all(Array.from({ length: 6 }, () => created(store, { userId, name: 'Same' })));
    assert.is(new Set(made.map(({ taskQueueName }) => taskQueueName)).size, 6);
  });

  each('PW-43 a rename leaves the queue', async ({ store }) => {
    const { id, taskQueueName } = await created(store, { name: 'Before' });
    const renamed = await store.changeProject(id, { name: 'After that' });
    assert.equal(
      [renamed?.name, renamed?.kebabName, renamed?.taskQueueName],
      ['After that', 'after-that', taskQueueName],
    );
    assert.is((await store.findProjectByQueue(taskQueueName))?.id, id);
    assert.is(await store.changeProject(randomUUID(), { name: 'x' }), null);
  });

  each(
    'PW-43 reserved queues and those of others are refused, when a project is made and when it is changed',
    async ({ store }) => {
      const first = await created(store, { taskQueueName: '123' });
      assert.is(first.taskQueueName, '123');
      assert.is((await store.findProjectByQueue('123'))?.id, first.id);
      const other = await created(store);
      const refused = ['billing', 'enhanced-ai-queue', '', '  ', 'q'.repeat(201), 'temporal-sys-x', '/_sys/x', 'a\0b'];
      for (const taskQueueName of refused) {
        assert.is(await codeOf(created(store, { taskQueueName })), 'TASK_QUEUE_INVALID', taskQueueName);
        assert.is(await codeOf(store.changeProject(other.id, { taskQueueName })), 'TASK_QUEUE_INVALID', taskQueueName);
      }
      assert.is(await codeOf(created(store, { taskQueueName: '123' })), 'TASK_QUEUE_IN_USE');
      assert.is(await codeOf(store.changeProject(other.id, { taskQueueName: '123' })), 'TASK_QUEUE_IN_USE');
      assert.is((await store.getProject(other.id))?.taskQueueName, other.taskQueueName);
      assert.is(
        queueProblem('billing', '1f')?.message,
        'projects.task_queue_name of 1f: found "billing", expected a name that is not reserved, of 1 to 200 characters, ' +
          'like abc123-email-automation-queue',
      );
    },
  );

  each('a project comes back as it was made and changed', async ({ store }) => {
    const declaration = {
      capabilities: ['http' as const],
      http: { allow: ['https://api.example.org'] },
      db: { tables: [], functions: [] },
      env: ['A'],
      secrets: [],
      limits: { wallMs: 5 },
      deterministic: false,
    };
    const made = await created(store, {
      name: 'true',
      tenant: '42',
      workerSlots: 2,
      declaration,
      activities: 'latest',
    });
    assert.equal(await store.getProject(made.id.toUpperCase()), made);
    assert.equal([made.tenant, made.workerDesired, made.declaration], ['42', 'stopped', declaration]);
    assert.equal(
      (await store.listProjects('42')).map(({ id }) => id),
      [made.id],
    );
    const change = { workerDesired: 'running', autoRestart: false, declaration: null } as const;
    const changed = await store.changeProject(made.id, change);
    assert.equal(changed, { ...made, ...change, updatedAt: changed?.updatedAt });
    const wanted = async () => (await store.listWantedProjects()).map(({ id }) => id).includes(made.id);
    assert.is(await wanted(), true);
    await store.changeProject(made.id, { isActive: false });
    assert.is(await wanted(), false);
    assert.is(await store.getProject('no-uuid'), null);
    assert.is(await codeOf(created(store, { id: made.id })), 'ID_TAKEN');
    assert.match(made.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });
}
