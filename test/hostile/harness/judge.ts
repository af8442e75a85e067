/** Runs one attack and judges it: the outcome, the canaries, the event loop, and what is left behind. */
import { isDeepStrictEqual } from 'node:util';
import { Assertion } from 'uvu/assert';
import type { ScriptOutcome } from '../../../host/runner.ts';
import { type Attack, type Case, KILLED, type ScriptAttack } from './attack.ts';
import { type Counts, countAll, peakMb, unsettled } from './counts.ts';
import { type Lateness, watchLoop } from './loop.ts';
import { realmDigest } from './realm.ts';
import type { World } from './world.ts';

/** What came of an attack. `faults` is empty when all is as claimed. */
export interface Verdict extends Lateness {
  readonly id: string;
  readonly effect: string;
  readonly claim: string;
  readonly ended: string;
  readonly ms: number;
  readonly peakMb: number;
  /** Nothing was left behind: the world may be used again. */
  readonly isSettled: boolean;
  readonly faults: readonly string[];
}

/** Threat model, P3 and P4. */
const LOOP_P99_MS = 50;
const LOOP_MAX_MS = 250;
const CAP_MB = 512;

/** An attack that has ended leaves nothing behind after this. */
const SETTLE_MS = 4_000;

/** Runs an attack. Never rejects: what goes wrong is a fault. `base`: figures of the host when nothing was going on. */
export async function judge({ id, effect, attack }: Case, world: World, base: Counts): Promise<Verdict> {
  for (const list of [world.denials, world.seen, world.lines, world.outcomes, world.events]) list.length = 0;
  world.probe.reset();
  const realm = realmDigest();
  const began = performance.now();
  const loop = watchLoop();
  const faults: string[] = [];
  const attempt = async (work: () => unknown): Promise<void> => {
    try {
      await work();
    } catch (error) {
      faults.push(faultOf(error));
    }
  };
  await attempt(() => ('script' in attack ? perform(attack, effect, world) : attack.act(world)));
  if ('script' in attack) await attempt(() => attack.after?.(world));
  const ms = performance.now() - began;
  const lateness = loop();
  const left = await settle(world, base);
  faults.push(...left, ...cellFaults(attack, effect, world));
  faults.push(...leaks(world), ...(await world.canaries.touched()).map((name) => `touched: ${name}`));
  if (realmDigest() !== realm) faults.push('the globals or prototypes of the host have changed');
  if (effect === 'deny' && world.denials.length === 0) faults.push('no denied call was audited');
  const peak = peakMb(world.sandbox);
  if (peak > CAP_MB) faults.push(`a cell had ${Math.round(peak)} MiB, at most ${CAP_MB}`);
  if (lateness.ownP99 > LOOP_P99_MS) faults.push(`the event loop was late by ${Math.round(lateness.ownP99)} ms at p99`);
  if (lateness.ownMax > LOOP_MAX_MS)
    faults.push(`the event loop was late by ${Math.round(lateness.ownMax)} ms at most`);
  return {
    id,
    effect,
    claim: attack.claim,
    ended: endOf(world.outcomes.at(-1)),
    ms,
    peakMb: peak,
    isSettled: left.length === 0,
    faults,
    ...lateness,
  };
}

/** What went wrong, in a line: of a comparison, what was there instead. */
function faultOf(error: unknown): string {
  if (error instanceof Assertion) return `${error.message} found ${JSON.stringify(error.actual)}`;
  return error instanceof Error ? error.message : String(error);
}

async function perform(attack: ScriptAttack, effect: string, world: World): Promise<void> {
  const { script, unbuilt, forged, limits, grants } = attack;
  const over = { ...(limits && { limits }), ...(grants && { grants }) };
  const way = forged ? world.forged : unbuilt ? world.unbuilt : world.script;
  const outcome = await way(script, over);
  const allowed = attack.fails ?? (effect === 'kill' ? KILLED : []);
  if (!outcome.ok) {
    if (allowed.includes(outcome.code)) return;
    throw new Error(`ended with ${outcome.code} ${outcome.message}, expected ${allowed.join(' or ') || 'a result'}`);
  }
  if (allowed.length > 0 && !('returns' in attack)) {
    throw new Error(`returned ${shown(outcome.output)}, expected ${allowed.join(' or ')}`);
  }
  if ('returns' in attack && !isDeepStrictEqual(outcome.output, attack.returns)) {
    throw new Error(`returned ${shown(outcome.output)}, expected ${shown(attack.returns)}`);
  }
}

/** Waits until the host is as quiet as before; what is then still different is a fault. */
async function settle({ sandbox }: World, base: Counts): Promise<readonly string[]> {
  const until = performance.now() + SETTLE_MS;
  for (;;) {
    const left = unsettled(base, countAll(sandbox));
    if (left.length === 0 || performance.now() > until) return left.map((each) => `left behind: ${each}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function cellFaults(attack: Attack, effect: string, { events }: World): readonly string[] {
  const ends = events.flatMap((event) => (event.event === 'cell.killed' ? [event.reason] : []));
  if (!('script' in attack) || (effect === 'kill' && attack.cell === undefined)) return [];
  const { cell = 'lives' } = attack;
  if (cell === 'lives') return ends.map((reason) => `the cell was ended: ${reason}`);
  if (ends.length === 1 && ends.every((reason) => cell.includes(reason))) return [];
  return [`the cell was ended: ${ends.join(', ') || 'never'}, expected: ${cell.join(' or ')}`];
}

function leaks({ canaries, seen }: World): readonly string[] {
  const all = seen.join('\n');
  return [...canaries.tokens].flatMap(([name, token]) =>
    all.includes(token) ? [`the attacker sees the ${name}`] : [],
  );
}

function endOf(outcome: ScriptOutcome | undefined): string {
  if (!outcome) return '';
  return outcome.ok ? 'result' : outcome.code;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 500);
}
