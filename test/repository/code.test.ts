// timeout: 120
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sweepCode } from '../../host/repository/code.ts';
import { temporalRuns } from '../../host/repository/usage.ts';
import { createFileStore } from '../../registry/index.ts';
import { testHost } from '../stand/host.ts';
import { script, workflow } from '../stand/project.ts';

const sweep = suite('code and open runs');
const DAY_MS = 24 * 60 * 60 * 1000;
const one = (id: string, body: string) => ({
  ...script(id, body),
  ...workflow(id, { rootChildren: ['it'], activities: [{ id: 'it', script: `./activities/${id}.ts` }] }),
});
const CHILD = {
  ...one('inner', 'await new Promise((done) => setTimeout(done, 15_000)); return 1;'),
  ...workflow('outer', { rootChildren: ['child'], activities: [{ id: 'child', childWorkflow: 'inner' }] }),
};

sweep('D4: what an open run obeys stays however old it is, what nobody has used for 30 days goes', async () => {
  const stand = await testHost({ ...CHILD, ...one('quick', 'return 1;') });
  try {
    await stand.run('quick');
    const { body } = await stand.start('outer');
    const { address, namespace } = stand.host.stack.temporal ?? { address: '', namespace: '' };
    await using stack = new AsyncDisposableStack();
    const connection = await Connection.connect({ address });
    stack.defer(() => connection.close());
    const client = new Client({ connection, namespace });
    const runs = temporalRuns(client);
    // Visible a moment after the start.
    for (let tries = 0; tries < 100; tries += 1) {
      const { count } = await client.workflow.count("ExecutionStatus = 'Running' AND WorkflowType = 'billingWorkflow'");
      if (count >= 2) break;
      await new Promise((done) => setTimeout(done, 100));
    }
    const folder = join(stand.dataDir, 'code');
    const before = await readdir(folder);
    const old = new Date('2020-01-01T00:00:00Z');
    for (const name of before) await utimes(join(folder, name), old, old);
    const store = createFileStore(folder);
    // Runs of today count as old ones a month from now.
    const now = Date.now() + 28.5 * DAY_MS;
    const plan = (digest: string) => stand.host.shelf.plan(digest);
    const removed = await sweepCode({ store, client, plan, now });
    const after = await readdir(folder);
    // Of the run that ended: its plan and its bundle.
    assert.equal([before.length, removed, after.length], [5, 2, 3]);
    await stand.host.runs.cancel({ workflowId: String(body.workflowId), runId: String(body.runId) });
    const deaf = new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }), namespace });
    assert.is(await temporalRuns(deaf).onBranch("it's"), 'unknown');
    assert.is(await runs.onBranch("it's"), 'none');
  } finally {
    await stand.close();
  }
});

sweep.run();
