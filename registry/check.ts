import { findPlugins } from './plugins/find.ts';
import { type Problem, sortProblems } from './problem.ts';
import type { Project } from './project.ts';
import { Report } from './report/report.ts';
import { DEFAULT_MANIFEST } from './rules/manifest.ts';
import { buildActivity, buildScript } from './scripts/activity.ts';
import { scriptProblems } from './scripts/exports.ts';
import { inLanes } from './scripts/lanes.ts';
import { type CheckedTrigger, checkTrigger, triggerFolders } from './triggers/check.ts';

/**
 * Every static problem of a project, sorted by file and position: YAML, trees, expressions, rules, triggers, and each script
 * that a workflow, rule or trigger names, built once. Rejects only when the builder itself fails.
 */
export async function checkProject(project: Project): Promise<Problem[]> {
  const { files, workflows, reports } = project;
  const manifest = files.has(DEFAULT_MANIFEST) ? await project.manifest(DEFAULT_MANIFEST) : null;
  const ids = [...workflows.keys()];
  const triggers: CheckedTrigger[] = [];
  for (const id of triggerFolders(files)) {
    triggers.push(await checkTrigger(id, files, ids, project.budget));
  }
  const problems: Problem[] = [
    ...reports.declaration.problems,
    ...reports.packages.problems,
    ...ignoredFiles(project),
    ...(manifest?.report.problems ?? []),
    ...triggers.flatMap(({ report }) => report.problems),
    ...[...workflows.values()].flatMap(({ report }) => report.problems),
    ...(await findPlugins([...workflows.values()], null)).problems,
  ];
  const activities = [...workflows.values()].flatMap((workflow) => workflow.activities);
  await inLanes(activities, async (activity) => {
    const { problems: found } = await buildActivity(project, activity);
    // What is wrong with a built-in by itself is the host's to mend; it shows in the project only as an error.
    const isOwn = activity.ref?.kind === 'project';
    problems.push(...found.filter(({ severity }) => isOwn || severity === 'error'));
  });
  const scripts = [
    ...(manifest?.rules ?? []).map(({ path }) => path),
    ...triggers.flatMap(({ mapping }) => mapping ?? []),
  ];
  await inLanes([...new Set(scripts)], async (path) => {
    const built = await buildScript(project, { kind: 'project', path }, null);
    problems.push(...scriptProblems(path, built));
  });
  return sortProblems(problems);
}

function ignoredFiles({ files, budget }: Project): readonly Problem[] {
  return [...files.keys()].flatMap((file) => {
    if (!/^workflows\/[^/]+\.yml$/.test(file)) return [];
    const report = new Report(file, budget);
    const finding = { where: file, found: 'extension .yml', expected: '.yaml; the file is not read' };
    report.add({ ...finding, code: 'FILE_IGNORED', at: { line: 1, column: 1 } });
    return report.problems;
  });
}
