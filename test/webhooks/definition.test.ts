import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grantedVariable, webhookSecret } from '../../host/env.ts';
import { checkTrigger } from '../../registry/index.ts';

const definition = suite('definitions of webhooks');

async function read(text: object) {
  const files = new Map([
    ['triggers/t/definition.yaml', JSON.stringify({ workflow: 'w', ...text })],
    ['triggers/t/input-mapping.ts', ''],
  ]);
  const { webhook, report } = await checkTrigger('t', files, ['w']);
  const problems = report.problems.map(({ code, where, found }) => `${code} ${where}: ${found}`);
  return { webhook, problems };
}

const hook = (webhook?: unknown) => read({ type: 'webhook', ...(webhook !== undefined && { webhook }) });

definition('a webhook names its signature and its secrets, the newest first', async () => {
  const section = { signature: 'hmac', header: 'X-Lab', secrets: ['NEW', 'OLD'], tenant: 'org-1', headers: ['X-Kind'] };
  assert.equal(await hook(section), {
    webhook: {
      signature: 'hmac',
      header: 'x-lab',
      secrets: ['NEW', 'OLD'],
      tenant: 'org-1',
      headers: ['x-kind'],
      repeats: 'once',
    },
    problems: [],
  });
});

definition('a subscription needs no section: its FHIR server shows the token of the host', async () => {
  const url = 'http://x';
  const topic = { resourceType: 'AidboxSubscriptionTopic', url, status: 'active', trigger: [{ resource: 'Patient' }] };
  const { webhook, problems } = await read({ subscriptionTopic: topic });
  assert.equal([webhook?.signature, webhook?.secrets, problems], ['bearer', [], []]);
  const bound = await read({ subscriptionTopic: topic, webhook: { tenant: 'org-1' } });
  assert.equal([bound.webhook?.tenant, bound.webhook?.secrets, bound.problems], ['org-1', [], []]);
});

definition('a section that is wrong lets nobody in, and says where it is wrong (WHK-07)', async () => {
  const good = { signature: 'hmac', secrets: ['LAB'] };
  const wrong: [unknown, string][] = [
    [undefined, 'TRIGGER_WEBHOOK trigger "t": no "webhook"'],
    ['x', 'FIELD_TYPE trigger "t" webhook'],
    [{ secrets: ['LAB'] }, 'TRIGGER_WEBHOOK trigger "t" webhook: no "signature"'],
    [{ ...good, signature: 'md5' }, 'TRIGGER_WEBHOOK trigger "t" webhook signature: "md5"'],
    [{ signature: 'hmac' }, 'TRIGGER_WEBHOOK trigger "t" webhook: no "secrets"'],
    [{ ...good, secrets: [] }, 'TRIGGER_WEBHOOK trigger "t" webhook: no "secrets"'],
    [{ ...good, secrets: [''] }, 'TRIGGER_WEBHOOK trigger "t" webhook secrets: ""'],
    [{ ...good, secrets: ['a value'] }, 'TRIGGER_WEBHOOK trigger "t" webhook secrets'],
    [{ ...good, secrets: ['A', 'B', 'C', 'D'] }, 'TRIGGER_WEBHOOK trigger "t" webhook secrets: 4 entries'],
    [{ ...good, secrets: ['LAB', 7] }, 'FIELD_TYPE trigger "t" webhook secrets'],
    [{ ...good, header: 'x y' }, 'TRIGGER_WEBHOOK trigger "t" webhook header'],
    [{ ...good, signature: 'bearer', header: 'x-token' }, 'TRIGGER_WEBHOOK trigger "t" webhook header'],
    [{ ...good, tenant: '..' }, 'TRIGGER_WEBHOOK trigger "t" webhook tenant'],
    [{ ...good, headers: ['Authorization'] }, 'TRIGGER_WEBHOOK trigger "t" webhook headers'],
    [{ ...good, header: 'x-lab', headers: ['X-Lab'] }, 'TRIGGER_WEBHOOK trigger "t" webhook headers'],
    [{ ...good, repeats: 'twice' }, 'TRIGGER_WEBHOOK trigger "t" webhook repeats'],
  ];
  for (const [section, expected] of wrong) {
    const { webhook, problems } = await hook(section);
    assert.is(webhook, null, expected);
    assert.ok(
      problems.some((problem) => problem.startsWith(expected)),
      `${expected}, found ${problems.join('; ')}`,
    );
  }
  const { webhook, problems } = await hook({ ...good, secert: 'x' });
  assert.ok(webhook && problems.some((problem) => problem.startsWith('FIELD_UNKNOWN')));
});

definition('no script is granted the secret of a sender, whatever its project declares', () => {
  process.env.CLOISTER_WEBHOOK_SECRET_SHOWN = 'a-secret-of-a-sender';
  assert.is(webhookSecret('SHOWN'), 'a-secret-of-a-sender');
  assert.is(grantedVariable('CLOISTER_WEBHOOK_SECRET_SHOWN'), undefined);
  assert.is(grantedVariable('CLOISTER_WEBHOOK_TOKEN'), undefined);
});

definition.run();
