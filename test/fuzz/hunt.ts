/** Tries cases of one target for a while. */
import { faultsOf, signatureOf } from './attempt.ts';
import { type Finding, keepFinding } from './found.ts';
import { Random } from './random.ts';
import { shrink } from './shrink.ts';
import type { Bench, Input, Target } from './target.ts';

/** What came of one turn. */
export interface Tally {
  readonly target: string;
  readonly ms: number;
  /** Kind of input → cases tried. */
  readonly tried: Readonly<Record<string, number>>;
  /** What came of them, as the target says it → how often. */
  readonly notes: Readonly<Record<string, number>>;
  /** Faults that came again when tried again. */
  readonly findings: readonly Finding[];
  /** Faults that did not: the machine was busy, or it needs what came before. */
  readonly unconfirmed: readonly Finding[];
}

/** One turn of a target: cases from `first` on, until the time is over. */
export interface Turn {
  readonly target: Target;
  readonly seed: string;
  readonly first: number;
  readonly ms: number;
  /** At most so many cases; default as many as there is time for. */
  readonly most?: number;
  /** Signatures of what this session has found: not kept again. Grows. */
  readonly known: Set<string>;
}

const RETRIES = 2;
const SHRINK_MS = 30_000;

/** Hunts for one turn. Rejects only when the target cannot be opened. */
export async function hunt({ target, seed, first, ms, most, known }: Turn): Promise<Tally & { readonly next: number }> {
  const tried: Record<string, number> = {};
  const notes: Record<string, number> = {};
  const findings: Finding[] = [];
  const unconfirmed: Finding[] = [];
  await using bench = await target.open();
  const began = performance.now();
  let number = first;
  for (; performance.now() - began < ms && number - first < (most ?? Number.POSITIVE_INFINITY); number++) {
    const input = bench.make(new Random(`${seed}/${target.name}/${number}`));
    tried[input.kind] = (tried[input.kind] ?? 0) + 1;
    const faults = await faultsOf(bench, input);
    for (const note of bench.takeNotes?.() ?? []) notes[note] = (notes[note] ?? 0) + 1;
    const fault = faults.find((each) => !known.has(keyOf(target, each)));
    if (fault === undefined) continue;
    const finding = { target: target.name, seed, case: number, faults, input };
    if (!(await isRepeated(bench, input, signatureOf(fault)))) {
      unconfirmed.push(finding);
      continue;
    }
    for (const each of faults) known.add(keyOf(target, each));
    findings.push(await keep(bench, finding, fault));
  }
  return { target: target.name, ms: performance.now() - began, tried, notes, findings, unconfirmed, next: number };
}

const keyOf = (target: Target, fault: string): string => `${target.name} ${signatureOf(fault)}`;

async function isRepeated(bench: Bench, input: Input, signature: string): Promise<boolean> {
  for (let i = 0; i < RETRIES; i++) if (await fails(bench, input, signature)) return true;
  return false;
}

async function fails(bench: Bench, input: Input, signature: string): Promise<boolean> {
  return (await faultsOf(bench, input)).some((each) => signatureOf(each) === signature);
}

async function keep(bench: Bench, finding: Finding, fault: string): Promise<Finding> {
  const signature = signatureOf(fault);
  const input = await shrink(finding.input, SHRINK_MS, (smaller) => fails(bench, smaller, signature));
  const kept = { ...finding, input };
  const name = await keepFinding(kept);
  console.log(`  ✗ ${name}: ${fault.slice(0, 300)}`);
  return kept;
}
