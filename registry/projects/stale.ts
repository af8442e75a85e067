import type { CompiledCodes, CompiledRow, ProjectWorkflowRow } from '../store/project.ts';
import { compilationDigest } from '../store/workflows.ts';
import type { ProjectProblem } from './problem.ts';
import { plain } from './words.ts';

/** A builder writes code and row at one time, by two looks at the clock. */
const SAME_MS = 20;

/** NOT_RECOMPILED: the workflow was changed after its code was made. */
export function recompileWarning({
  id,
  name,
  definition,
  compiledAt,
  updatedAt,
}: ProjectWorkflowRow): ProjectProblem | null {
  if (definition === null || compiledAt === null || updatedAt === null) return null;
  if (Date.parse(updatedAt) - Date.parse(compiledAt) <= SAME_MS) return null;
  return {
    code: 'NOT_RECOMPILED',
    where: `workflows.definition of ${plain(name)}`,
    found: `a change at ${updatedAt}`,
    expected: `code compiled after it, not at ${compiledAt}`,
    workflowId: id,
  };
}

/**
 * STALE_COMPILED_CODE: the compilation that is flagged as active is not the code that runs, or an older one has the flag.
 * `history`: newest first.
 */
export function staleWarning(
  { id, name }: ProjectWorkflowRow,
  codes: CompiledCodes,
  history: readonly CompiledRow[],
): ProjectProblem | null {
  const [newest] = history;
  if (newest === undefined) return null;
  // A crash while one was recorded leaves two flags: the newest counts.
  const flagged = history.find(({ isActive }) => isActive);
  const digest = compilationDigest(codes);
  if (flagged === undefined) return null;
  const isOther = flagged.digest !== null && bare(flagged.digest) !== bare(digest);
  const current = history.find((row) => row.digest !== null && bare(row.digest) === bare(digest));
  if (flagged === newest && !isOther) return null;
  const running = current ? versionOf(current) : `code ${short(digest)}, which is none of its compilations`;
  return {
    code: 'STALE_COMPILED_CODE',
    where: `compiled_workflows of ${plain(name)}`,
    found: `${versionOf(flagged)} active`,
    expected: isOther ? `the code that runs, ${running}` : `the newest, ${versionOf(newest)}`,
    workflowId: id,
  };
}

const bare = (digest: string): string => digest.replace(/^sha256:/, '');

const short = (digest: string): string => bare(digest).slice(0, 12);

function versionOf({ id, version, digest }: CompiledRow): string {
  return `version ${plain(version ?? (digest === null ? id : short(digest)))}`;
}
