import type { Bundle } from './build.ts';
import { digestOf } from './canonical.ts';
import { RegistryError } from './errors.ts';
import type { Plan, PlanActivity } from './plan.ts';
import { type FindPlugin, type FoundPlugin, findPlugins, pluginKey, toPlanPlugin } from './plugins/find.ts';
import { hasErrors, type Problem, sortProblems } from './problem.ts';
import type { Project } from './project.ts';
import { type BuiltActivity, buildActivity } from './scripts/activity.ts';
import { inLanes } from './scripts/lanes.ts';
import type { ActivitySource, WorkflowSource } from './workflow/source.ts';

/** A compiled workflow with all that its runs can execute. */
export interface Compiled {
  /** Null when the workflow file, one it reaches by `childWorkflow`, or `cloister.yaml` has an error. */
  readonly plan: Plan | null;
  /** Bundles of this plan and its child plans, by digest. */
  readonly bundles: ReadonlyMap<string, Bundle>;
  /** Plans reached by `childWorkflow`, directly or not, by digest. */
  readonly childPlans: ReadonlyMap<string, Plan>;
  /** Sorted. Errors of scripts are among them, though they do not take the plan away. */
  readonly problems: readonly Problem[];
}

/** How a plan is labelled. */
export interface CompileOptions {
  /** Branch to record; absent: the project's own. */
  readonly branch?: string | null;
  /** Where plugins are found, for the tenant of the run; absent: there are none. */
  readonly plugins?: FindPlugin;
}

/**
 * Compiles one workflow of a snapshot into a plan. The digest depends on content only: a repository and a plain folder with
 * the same files give the same. Throws WORKFLOW_NOT_FOUND; rejects when the builder itself fails.
 */
export async function compileWorkflow(
  project: Project,
  workflowId: string,
  options: CompileOptions = {},
): Promise<Compiled> {
  const workflow = project.workflows.get(workflowId);
  if (workflow === undefined) {
    const found = `workflow ${JSON.stringify(workflowId)}: found no file workflows/${workflowId}.yaml`;
    throw new RegistryError('WORKFLOW_NOT_FOUND', `${found}, expected a workflow of the project`);
  }
  const reached = reach(project, workflow);
  const files = [...reached.map(({ report }) => report), project.reports.declaration];
  const plugins = await findPlugins(reached, options.plugins ?? noPlugins);
  const yaml = [...files.flatMap(({ problems }) => problems), ...plugins.problems];
  if (hasErrors(yaml)) return { plan: null, bundles: new Map(), childPlans: new Map(), problems: sortProblems(yaml) };

  const used = ({ ref }: ActivitySource) => (ref?.kind === 'plugin' ? plugins.found.get(pluginKey(ref)) : undefined);
  const built = await buildAll(project, reached, used);
  const problems = sortProblems([...yaml, ...[...built.values()].flatMap((each) => each.problems)]);
  const plans = new Map<string, Plan>();
  const branch = options.branch === undefined ? project.branch : options.branch;
  // Children stand behind their parents in `reached`, so from the end every child's digest is known in time.
  for (const source of reached.toReversed())
    plans.set(source.id, makePlan({ project, source, built, used, plans, branch }));
  const plan = plans.get(workflowId) ?? null;
  const children = [...plans.values()].filter((child) => child !== plan).map((child) => [child.digest, child] as const);
  const bundles = [...built.values()].flatMap(({ bundle }) => (bundle ? [[bundle.digest, bundle] as const] : []));
  return { plan, bundles: new Map(bundles), childPlans: new Map(children), problems };
}

/** The workflow and all it reaches by `childWorkflow`, each before every one it starts. Without cycles unless reported. */
function reach(project: Project, start: WorkflowSource): WorkflowSource[] {
  const order: WorkflowSource[] = [];
  const visited = new Set<string>();
  const visit = (workflow: WorkflowSource): void => {
    if (visited.has(workflow.id)) return;
    visited.add(workflow.id);
    for (const { childWorkflow } of workflow.activities) {
      const child = childWorkflow && project.workflows.get(childWorkflow.text);
      if (child) visit(child);
    }
    order.push(workflow);
  };
  visit(start);
  return order.reverse();
}

type BuiltAll = ReadonlyMap<ActivitySource, BuiltActivity>;

/** The plugin that an activity names. */
type Used = (activity: ActivitySource) => FoundPlugin | undefined;

const noPlugins: FindPlugin = () => Promise.resolve({ missing: 'plugin', known: [] });

async function buildAll(project: Project, workflows: readonly WorkflowSource[], used: Used): Promise<BuiltAll> {
  const built = new Map<ActivitySource, BuiltActivity>();
  const activities = workflows.flatMap((workflow) => workflow.activities);
  await inLanes(
    activities,
    async (activity) => void built.set(activity, await buildActivity(project, activity, used(activity))),
  );
  return built;
}

interface Making {
  readonly project: Project;
  readonly source: WorkflowSource;
  readonly built: BuiltAll;
  readonly used: Used;
  /** Plans of child workflows, by workflow id. */
  readonly plans: ReadonlyMap<string, Plan>;
  readonly branch: string | null;
}

function makePlan({ project, source, built, used, plans, branch }: Making): Plan {
  const byId = new Map(source.activities.map((activity) => [activity.id, activity]));
  const inOrder = source.walk.flatMap((id) => byId.get(id) ?? []);
  const content = {
    interpreter: 1,
    workflow: source.id,
    name: source.name,
    execution: source.execution,
    rootChildren: source.rootChildren.map(({ text }) => text),
    activities: inOrder.map((activity) =>
      toPlanActivity(activity, { source, built: built.get(activity), plugin: used(activity), plans }),
    ),
    declaration: source.declaration,
  } as const;
  const { commit, dirty } = project;
  return { ...content, branch, commit, dirty, digest: digestOf(content) };
}

interface Placing extends Pick<Making, 'source' | 'plans'> {
  readonly built: BuiltActivity | undefined;
  readonly plugin: FoundPlugin | undefined;
}

function toPlanActivity(activity: ActivitySource, { source, built, plugin, plans }: Placing): PlanActivity {
  const { limits, deterministic } = (plugin ?? source).declaration;
  const child = activity.childWorkflow?.text;
  const childPlan = child === undefined ? undefined : plans.get(child);
  return {
    id: activity.id,
    name: activity.name,
    script: activity.script,
    bundle: built?.bundle?.digest ?? null,
    ...(plugin && { plugin: toPlanPlugin(plugin) }),
    problem: built?.problem ?? null,
    childWorkflow: childPlan === undefined ? null : { workflow: childPlan.workflow, plan: childPlan.digest },
    params: activity.params,
    applicability: activity.applicability,
    children: activity.children.map(({ text }) => text),
    maximumAttempts: activity.retries + 1,
    timeoutMs: activity.timeoutMs,
    backoff: activity.backoff,
    decoupled: activity.decoupled,
    limits: { ...limits, ...activity.limits },
    deterministic: activity.deterministic ?? deterministic,
  };
}
