/** What the names of activities stand for. */
import type { ActivityPin, ProjectProblem } from '../../../registry/index.ts';
import type { RunnableWorkflow, Snapshot } from './snapshot.ts';

/** An activity of a project as it is listed. */
export interface ListedActivity {
  readonly name: string;
  readonly version: string | null;
  readonly digest: string;
  readonly kind: ActivityPin['kind'];
}

/**
 * Every name that a workflow may call: a component's goes before its own, and that before a built-in's. Nothing stands in for what
 * is refused. Sorted.
 */
export function namesFor(
  { activities, brokenActivities }: Snapshot,
  samples: ReadonlyMap<string, ActivityPin>,
  workflow: RunnableWorkflow | null,
): { readonly pins: ReadonlyMap<string, ActivityPin>; readonly refused: ReadonlyMap<string, ProjectProblem> } {
  const found = new Map<string, ActivityPin | ProjectProblem>([
    ...samples,
    ...(workflow?.brokenOwn ?? []),
    ...(workflow?.own?.exports ?? []).map((name): [string, ActivityPin] => {
      const digest = workflow?.own?.digest ?? null;
      return [name, { kind: 'own', digest, export: name, component: null, version: null }];
    }),
    ...brokenActivities,
    ...activities.pins,
    ...activities.refused,
  ]);
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    pins: new Map(sorted.flatMap(([name, each]) => ('kind' in each ? [[name, each]] : []))),
    refused: new Map(sorted.flatMap(([name, each]) => ('kind' in each ? [] : [[name, each]]))),
  };
}

/** All activities of a project, those of its workflows among them. */
export function listActivities(
  { activities, workflows }: Snapshot,
  samples: ReadonlyMap<string, ActivityPin>,
): readonly ListedActivity[] {
  const listed = (name: string, { kind, version, digest }: ActivityPin) => ({
    name,
    version,
    digest: digest ?? '',
    kind,
  });
  const components = [...activities.pins].map(([name, pin]) => listed(name, pin));
  const own = workflows.flatMap(({ own: each }) =>
    (each?.exports ?? []).map((name) => ({ name, version: null, digest: each?.digest ?? '', kind: 'own' as const })),
  );
  return [...components, ...own, ...[...samples].map(([name, pin]) => listed(name, pin))];
}
