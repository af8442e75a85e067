/** What project code may import beside packages, as texts that the build bundles. */

/** Modules of workflow code, and what each is of what the interpreter hands in. */
const GUEST = { '@temporalio/workflow': 'workflow', '@temporalio/common': 'common' } as const;

/** Modules of activity code. `cloister` is the build's own; of `@temporalio/common` there are the failures, which the other has too. */
export const ACTIVITY_MODULES: ReadonlyMap<string, string> = new Map([
  ['@temporalio/activity', 'module.exports = $cloister.activity;'],
  ['@temporalio/common', 'module.exports = $cloister.activity;'],
]);

let loading: Promise<ReadonlyMap<string, string>> | null = null;

/** Specifier → text for workflow code: the names that the Temporal SDK exports, each taken from the interpreter when it is used. */
export function guestModules(): Promise<ReadonlyMap<string, string>> {
  loading ??= load();
  return loading;
}

async function load(): Promise<ReadonlyMap<string, string>> {
  const [workflow, common] = await Promise.all([import('@temporalio/workflow'), import('@temporalio/common')]);
  const exported = { '@temporalio/workflow': workflow, '@temporalio/common': common };
  return new Map(
    Object.entries(GUEST).map(([specifier, part]) => {
      const names = Object.keys(exported[specifier as keyof typeof exported]).filter(isName);
      const lines = names.map((name) => `export const ${name} = /* @__PURE__ */ take('${name}');`);
      return [specifier, [`const take = (name) => $temporal.${part}[name];`, ...lines].join('\n')];
    }),
  );
}

const isName = (name: string): boolean =>
  /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default' && name !== '__esModule';
