/** The table of samples, as the documentation shows it. */
import type { Case } from './case.ts';

/** A row for each sample: what was driven, and whether it came out the same; `difference` is the first that did not. */
export function tableOf(cases: readonly Case[], difference: ReadonlyMap<Case, string | null>): string {
  const samples = [...new Set(cases.map(({ of }) => of))];
  const rows = samples.map((sample) => {
    const own = cases.filter(({ of }) => of === sample);
    const failed = own.find((one) => difference.get(one) !== null);
    const outcome = failed ? `no: ${failed.name}: ${difference.get(failed) ?? 'not driven'}` : 'passes';
    return `| ${sample} | ${told(own)} | ${outcome} |`;
  });
  return ['| sample | what is done with it | outcome |', '|---|---|---|', ...rows].join('\n');
}

/** Names of cases; those of one workflow, `workflow: what`, as one. */
function told(cases: readonly Case[]): string {
  const names = cases.map(({ name }) => name.split(': ') as [string, string?]);
  const heads = [...new Set(names.map(([head]) => head))];
  return heads
    .map((head) => {
      const tails = names.flatMap(([other, tail]) => (other === head && tail ? [tail] : []));
      return tails.length > 0 ? `${head} (${tails.join(', ')})` : head;
    })
    .join('; ');
}
