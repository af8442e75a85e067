import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';

const FRAMES = [
  '{',
  'null',
  '{"t":"no such"}',
  '{"t":"end","id":0,"ended":{"ok":false,"code":"ROOT","message":""},"usage":{"cpuMs":0,"wallMs":0,"calls":0}}',
  '{"t":"call","id":0,"call":0,"method":{"toString":1},"args":"1"}',
  '{"t":"gone","id":0}',
  '['.repeat(100_000),
];

/** The host parses what comes out of a cell as it would parse what comes from the street. */
export const attack: Attack = {
  claim: 'a cell that sends anything but a well-formed message is ended',
  act: async ({ forged, events }) => {
    for (const frame of FRAMES) {
      const outcome = await forged(
        `async function attack() { await write(bytes(${JSON.stringify(frame)})); await pause(1e6); }`,
      );
      assert.is(outcome.ok || outcome.code, 'SCRIPT_KILLED', frame.slice(0, 80));
    }
    for (const event of events) assert.is(event.event === 'cell.killed' && event.reason, 'protocol');
  },
};
