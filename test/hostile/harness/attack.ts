/** What an attack is. Each stands in a file of its own, `<group>/<ID>-<effect>-<words>.ts`, and exports `attack`. */
import type { Grants } from '../../../host/broker/capability.ts';
import type { FailureCode } from '../../../host/codes.ts';
import type { Limits } from '../../../sandbox/index.ts';
import type { World } from './world.ts';

/** Effects of the catalogue: the run is ended; the call is refused and audited; nothing happens; 4xx; must keep working. */
export const EFFECTS = ['kill', 'deny', 'inert', 'refused', 'ok'] as const;
export type Effect = (typeof EFFECTS)[number];

/** Codes with which a limit ends a run. */
export const KILLED: readonly FailureCode[] = ['SCRIPT_CPU', 'SCRIPT_WALL', 'SCRIPT_MEMORY', 'SCRIPT_KILLED'];

/** An attack by a script: a TypeScript module whose `main` gets the targets (`Targets` of world.ts). */
export interface ScriptAttack {
  /** What holds, as a sentence. */
  readonly claim: string;
  readonly script: string;
  /** Takes the text as it is, without the build: plain JavaScript that defines `main`. */
  readonly unbuilt?: boolean;
  /** `script` is the program of the cell's process itself: somebody has broken out of the isolate (see forged.ts). */
  readonly forged?: boolean;
  readonly limits?: Partial<Limits>;
  readonly grants?: Partial<Grants>;
  /** The value that `main` returns, exactly. */
  readonly returns?: unknown;
  /** The codes that the run may end with; of effect `kill` without this: any code of `KILLED`. */
  readonly fails?: readonly FailureCode[];
  /**
   * What becomes of the cell: it lives on, or is ended for one of these reasons (`Death` in sandbox/death.ts). Of effect `kill`
   * without this: either; of the others: it lives.
   */
  readonly cell?: 'lives' | readonly string[];
  /** Judges further what came of it. @throws when it is not as claimed. */
  readonly after?: (world: World) => void | Promise<void>;
}

/** An attack on something else than a running script. @throws when it is not as claimed. */
export interface FreeAttack {
  readonly claim: string;
  readonly act: (world: World) => Promise<void>;
}

export type Attack = ScriptAttack | FreeAttack;

/** An attack with what its file's name says of it. */
export interface Case {
  readonly id: string;
  readonly effect: Effect;
  readonly group: string;
  readonly attack: Attack;
}
