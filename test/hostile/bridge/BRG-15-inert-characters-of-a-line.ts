import type { Attack } from '../harness/attack.ts';

const UNSAFE = /[\p{Cc}\p{Cs}\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;

/** A line of a log is read by people, terminals and machines. */
export const attack: Attack = {
  claim: 'a line with line breaks, escapes, separators, bidirectional controls and fake fields is one escaped record',
  script: `
    import { log } from 'cloister';
    const odd = 'a\\n{"level":"error","time":"x"}\\r\\u001b[31m\\u2028\\u2029\\u202e\\u2066\\u200b\\ufeff\\u0000\\u009b\\ud800';
    export async function main() {
      log.info(odd, { [odd]: odd, nested: [odd] });
      console.error(odd);
      $cloister.log('fatal', odd);
      $cloister.log('error', odd, { level: 'info', time: 'yesterday', message: 'forged', run: 'other' });
    }`,
  after: ({ lines }) => {
    const text = lines.map(({ message, data }) => message + JSON.stringify(Object.values(Object(data)))).join('');
    const levels = lines.map(({ level }) => level).join();
    if (levels !== 'info,error,error' || UNSAFE.test(text)) throw new Error(levels + JSON.stringify(text));
    if (lines.some(({ time }) => Number.isNaN(Date.parse(time)))) throw new Error("the time is not the host's");
  },
};
