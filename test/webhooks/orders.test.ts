import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { judge } from '../../host/webhooks/orders.ts';

const test = suite('orders of mappings');
const RULES = { tenant: 'org-a', unscopedRuns: 'allow' } as const;

test('a run has no name of a schedule, no half characters and no end of letters', () => {
  for (const odd of ['', 'x'.repeat(256), 'a\ud800', 'temporal-sys-scheduler:ts-trigger-schedule-nightly', 1, {}]) {
    const judged = judge(0, { _workflowId: odd }, RULES);
    assert.is('code' in judged ? judged.code : 'none', 'WORKFLOW_ID_INVALID', JSON.stringify(odd));
  }
  const judged = judge(0, { _workflowId: 'prebill-1', a: 1 }, RULES);
  assert.equal('code' in judged ? null : [judged.workflowId, judged.input], [
    'prebill-1',
    { a: 1, tenantOrganizationId: 'org-a' },
  ]);
});

test.run();
