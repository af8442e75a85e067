/**
 * `npm run test:hostile`: every attack of the catalogue with what came of it, as a table. `npm run test:hostile -- BRG-01 fhir`
 * takes those ids and groups.
 */
import { casesOf, GROUPS } from './harness/cases.ts';
import type { Verdict } from './harness/judge.ts';
import { openStage } from './harness/stage.ts';

const COLUMNS = 'id       effect   ended             ms   loop p99 / max ms   cell MiB  claim';

/** Runs the attacks; resolves to the exit code, 1 when one of them succeeds or none was chosen. */
export async function main(words: readonly string[]): Promise<number> {
  let passed = 0;
  let failed = 0;
  await using stage = await openStage();
  for (const group of GROUPS) {
    const cases = await casesOf(group, (id) => words.length === 0 || words.includes(group) || words.includes(id));
    if (cases.length > 0) console.log(`\n${group}\n${COLUMNS}`);
    for (const each of cases) {
      const verdict = await stage.judge(each);
      if (verdict.faults.length === 0) passed++;
      else failed++;
      console.log(lineOf(verdict));
    }
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

function lineOf({ id, effect, ended, ms, ownP99, ownMax, peakMb, claim, faults }: Verdict): string {
  const loop = `${ownP99.toFixed(1)} / ${ownMax.toFixed(1)}`;
  const cells = [id.padEnd(8), effect.padEnd(8), ended.padEnd(14), ms.toFixed(0).padStart(6), loop.padStart(19)];
  const line = [...cells, peakMb.toFixed(0).padStart(10), ` ${claim}`].join(' ');
  return [line, ...faults.map((fault) => `         ✗ ${fault}`)].join('\n');
}
