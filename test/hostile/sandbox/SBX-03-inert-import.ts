import type { Attack } from '../harness/attack.ts';

/** `import()` by every name and way. The bundler refuses what it can read, so the names are put together at run time. */
export const attack: Attack = {
  claim: '`import()` of anything rejects with an error of the realm, and touches nothing',
  script: `
    export async function main(t) {
      const names = ['fs', 'node:fs', 'node:child_process', 'data:text/javascript,export default 1', 'file://' + t.file, t.file, './a.ts', '../main.ts',
        'cloister', 'isolated-vm', t.allowed + '/x.js', 'http://127.0.0.1:' + t.port + '/x.js', 'blob:x', '', 'cloister:prelude'];
      const text = (name) => 'import(' + JSON.stringify(name) + ')';
      const AsyncFunction = (async () => {}).constructor;
      const ways = [(name) => (0, eval)(text(name)), (name) => Function('return ' + text(name))(), (name) => AsyncFunction('return await ' + text(name))(),
        (name) => (0, eval)('import(' + JSON.stringify(name) + ', { with: { type: "json" } })'), (name) => (0, eval)(text(name).replace('import', 'import.source'))];
      const outcomes = await Promise.allSettled(names.flatMap((name) => ways.map((way) => way(name))));
      return [outcomes.length, outcomes.filter(({ status }) => status === 'fulfilled').length,
        [...new Set(outcomes.map(({ reason }) => reason.constructor === TypeError || reason.constructor === Error))]];
    }`,
  returns: [75, 0, [true]],
};
