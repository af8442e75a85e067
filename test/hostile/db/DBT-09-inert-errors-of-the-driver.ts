import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'an error says what is wrong with the query, and nothing of SQL, constraints or the host',
  script: `${HEAD}
    export async function main(t) {
      const raw = (args) => $cloister.call('db.request', { target: { table: 'notes' }, method: 'GET', query: [], headers: {}, ...args });
      const json = { 'content-type': 'application/json' };
      const answers = await Promise.all([
        raw({ query: [['nope', 'eq.1']] }), raw({ query: [['select', 'nope']] }), raw({ query: [['or', '((((']] }), raw({ query: [['body', 'fts.x']] }), raw({ query: [['id', 'match.(']] }), raw({ query: [['order', 'nope.sideways']] }),
        raw({ method: 'POST', headers: json, body: '{' }), raw({ method: 'POST', headers: json, body: '[[]]' }), raw({ method: 'POST', headers: json, body: JSON.stringify({ tenant_id: t.tenant.own, id: t.row.own }) }), raw({ method: 'POST', headers: json, body: JSON.stringify({ body: 1 }) }),
      ].map((work) => work.then(({ status, body }) => status + body, ({ code, message }) => code + message)));
      return answers.filter((text) => /sqlite|sql:|select |insert into|update "|notes_|constraint failed|node_modules|127\\.0|\\bat /i.test(text));
    }`,
  returns: [],
};
