/** What is wrong with a project: every code of the table of complaints, in its order, with what was found and what to do. */
import type { ProjectRow } from '../../registry/index.ts';
import { FAILURES, isFailureCode, isProjectErrorCode, PROJECT_ERRORS } from '../codes.ts';
import { CHECKS, type Finding, furtherProblems } from './diagnose/checks.ts';
import { type Evidence, gather, type Sources } from './diagnose/evidence.ts';

/** One check. `where`, `found` and `expected` are empty where nothing is wrong. */
export interface Check extends Finding {
  readonly code: string;
  readonly ok: boolean;
  /** What to do; empty where nothing is wrong. */
  readonly hint: string;
}

/** All checks; `ok` when none of them found anything. */
export interface Diagnosis {
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

/** Finds out what is wrong with projects. */
export class Doctor {
  readonly #sources: Sources;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /**
   * Looks at everything, whatever does not answer. `project` null: the database cannot be asked for it. `isHosts`: the reader is
   * of the host's own, and may learn of addresses, of other hosts, and of queues that are no project's. Does not reject.
   */
  async diagnose(project: ProjectRow | null, isHosts: boolean): Promise<Diagnosis> {
    return judge(await gather(this.#sources, project, isHosts), isHosts);
  }
}

/** The checks over what was gathered. */
export function judge(evidence: Evidence, isHosts: boolean): Diagnosis {
  const checks = CHECKS.flatMap(([code, find]) => {
    const finding = find(evidence, isHosts);
    const own = finding === null ? { code, ok: true, ...NOTHING, hint: '' } : failing(code, finding);
    return code === 'ACTIVITY_SYNTAX' ? [own, ...furtherProblems(evidence).map((each) => failing(...each))] : [own];
  });
  return { ok: checks.every(({ ok }) => ok), checks };
}

const NOTHING = { where: '', found: '', expected: '' };

function failing(code: string, { where, found, expected }: Finding): Check {
  return { code, ok: false, where, found, expected, hint: adviceOn(code) };
}

function adviceOn(code: string): string {
  if (isProjectErrorCode(code)) return PROJECT_ERRORS[code].advice;
  return isFailureCode(code) ? FAILURES[code].advice : '';
}
