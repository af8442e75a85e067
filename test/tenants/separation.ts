/**
 * P5 as a property. Two worlds are alike but for one thing: in the first the victim has data. Whatever an attacker sends must
 * be answered with the same bytes in both, so that nothing in an answer (rows, counts, estimates, errors) depends on what the
 * victim has: an id that is the victim's answers like one that is nobody's. And the victim's data stay as they were; in the
 * second world none come to be.
 */
import fc from 'fast-check';

/** One of the two worlds. */
export interface World<Call> {
  /** Sends a call as the attacker of this number; resolves to all that it gets to see. Never rejects. */
  send(call: Call, attacker: number): Promise<Seen>;
  /** All that the victim has, as text. */
  held(): Promise<string>;
  /** Brings the attackers' own data back to where they were. Absent: they stay, and evolve alike. */
  reset?(): Promise<void>;
}

/** What came of a call, without what differs by chance: times, ids that the server made, its address. */
export interface Seen {
  /** `answered`, or how it was refused before anything was sent. */
  readonly end: string;
  readonly text: string;
}

/** What is tried, and where. */
export interface Trial<Call> {
  readonly name: string;
  readonly calls: fc.Arbitrary<Call>;
  readonly kindOf: (call: Call) => string;
  readonly full: World<Call>;
  readonly empty: World<Call>;
  /** Stands in the victim's data and in no call. */
  readonly canary: string;
}

/** Calls of one batch; each has an attacker of its own, so that they may overlap. */
export const ATTACKERS = 25;

const SEED = Number(process.env.TENANTS_SEED ?? 20_261);
/** In a deep run ten thousand: see test/index.ts. */
const ATTEMPTS = Number(process.env.TENANTS_ATTEMPTS ?? 2_500);

/** Tries until all attempts are made, and prints what was tried. @throws naming the call that got through. */
export async function separate<Call>(trial: Trial<Call>): Promise<void> {
  const { full, empty, calls } = trial;
  const tally = new Tally();
  const heldBefore = await full.held();
  if (!heldBefore.includes(trial.canary)) throw new Error('the victim has no canary, so nothing could be seen');
  const batch = fc.array(calls, { minLength: ATTACKERS, maxLength: ATTACKERS });
  const property = fc.asyncProperty(batch, async (given) => {
    await Promise.all([full.reset?.(), empty.reset?.()]);
    const send = (world: World<Call>) => Promise.all(given.map((call, attacker) => world.send(call, attacker)));
    const [seen, twin] = await Promise.all([send(full), send(empty)]);
    for (const [at, call] of given.entries()) tally.add(trial.kindOf(call), seen[at]?.end ?? '');
    for (const [at, call] of given.entries()) judge(call, seen[at], twin[at], trial.canary);
    const [held, none] = await Promise.all([full.held(), empty.held()]);
    if (held !== heldBefore) throw new Error(`the victim's data have changed: ${held.slice(0, 500)}`);
    if (none !== '') throw new Error(`the victim has got data: ${none.slice(0, 500)}`);
  });
  const numRuns = Math.ceil(ATTEMPTS / ATTACKERS);
  // No shrinking: a batch is judged call by call, and the failure names the call.
  const { failed, errorInstance, counterexamplePath } = await fc.check(property, {
    seed: SEED,
    numRuns,
    endOnFailure: true,
  });
  console.log(`\n${trial.name}, seed ${SEED}\n${tally}`);
  if (failed)
    throw new Error(
      `batch ${counterexamplePath}: ${errorInstance instanceof Error ? errorInstance.message : errorInstance}`,
    );
}

function judge(call: unknown, seen: Seen | undefined, twin: Seen | undefined, canary: string): void {
  const told = `by ${JSON.stringify(call)}`;
  if (seen?.text.includes(canary)) throw new Error(`the victim's data were read ${told}: ${seen.text.slice(0, 500)}`);
  if (seen?.text !== twin?.text || seen?.end !== twin?.end) {
    throw new Error(
      `whether the victim has data shows ${told}:\n${seen?.end} ${seen?.text}\n${twin?.end} ${twin?.text}`,
    );
  }
}

/** How many attempts of each kind there were, and how they ended. */
class Tally {
  readonly #counts = new Map<string, Map<string, number>>();

  add(kind: string, end: string): void {
    const ends = this.#counts.get(kind) ?? new Map<string, number>();
    this.#counts.set(kind, ends.set(end, (ends.get(end) ?? 0) + 1));
  }

  toString(): string {
    const kinds = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1));
    const lines = kinds.map(([kind, ends]) => {
      const parts = [...ends].sort(([a], [b]) => (a < b ? -1 : 1)).map(([end, count]) => `${end} ${count}`);
      return `  ${kind.padEnd(22)} ${String(sum(ends)).padStart(6)}   ${parts.join(', ')}`;
    });
    const total = kinds.reduce((all, [, ends]) => all + sum(ends), 0);
    return [...lines, `  ${'all'.padEnd(22)} ${String(total).padStart(6)}`].join('\n');
  }
}

function sum(ends: ReadonlyMap<string, number>): number {
  return [...ends.values()].reduce((all, count) => all + count, 0);
}
