import type { Attack } from '../harness/attack.ts';

/** vm2 3.11.6, GHSA-x6m4-chr9-cg97: the stack of an error that the host made shows paths of the host. */
export const attack: Attack = {
  claim: 'the stack of a failed call has no frame, path or text of the host',
  script: `
    export async function main() {
      const stacks = [];
      for (const kind of ['plain', 'system', 'cause', 'aggregate', 'borrowed code', 'refusal with a cause', 'text', 'object', 'nothing']) {
        const error = await $cloister.call('probe.fail', kind).catch((each) => each);
        stacks.push(error.stack, error.message, String(error.cause), JSON.stringify(error), ...Object.values(error).map(String));
      }
      return stacks.filter((text) => /file:|node:|\\.ts\\b|[/]|postgres|10\\.0\\.0\\.1/.test(text));
    }`,
  returns: [],
};
