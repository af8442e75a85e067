import type { Attack } from '../harness/attack.ts';

/** Call sites name files and hand out functions and receivers: of the bridge's frames they must not. */
export const attack: Attack = {
  claim: 'call sites show frames of the script and of the prelude, and of the latter neither function nor receiver',
  script: `
    export async function main() {
      Error.stackTraceLimit = Infinity;
      Error.prepareStackTrace = (_, frames) => frames;
      const frames = [...new Error('x').stack];
      const look = () => { frames.push(...new Error('y').stack); return 1; };
      await $cloister.call('probe.echo', { toJSON: look });
      await $cloister.call({ toString: () => (look(), 'probe.echo') }, 1);
      await new Promise((resolve) => setTimeout(() => { look(); resolve(); }, 1));
      await Promise.resolve().then(look);
      const error = await $cloister.call('probe.fail', 'x').catch((each) => each);
      if (Array.isArray(error.stack)) frames.push(...error.stack);
      const foreign = frames.filter((frame) => frame.getFileName() !== 'bundle');
      const given = foreign.flatMap((frame) => [frame.getFunction(), frame.getThis(), frame.getEvalOrigin?.()]).filter((part) => part !== undefined && part !== null);
      return [frames.length > 10, [...new Set(frames.map((frame) => String(frame.getFileName())))].sort(), given.length];
    }`,
  returns: [true, ['bundle', 'cloister:prelude', 'null'], 0],
};
