/** The registry's door: reading, checking and compiling config projects, what tenants are granted, and the code store. */

export { type PlanOrigin, planBody, planFromBody } from './body.ts';
export type { Build, BuildFault, BuildInput, BuildResult, Bundle, PackageFiles, ReadPackage } from './build.ts';
export { canonicalJson, digestOf as contentDigest } from './canonical.ts';
export { checkProject } from './check.ts';
export { type Compiled, type CompileOptions, compileWorkflow } from './compile.ts';
export { DECLARED, DEFAULT_DECLARATION } from './declaration.ts';
export { REGISTRY_ERRORS, type RegistryCode, RegistryError } from './errors.ts';
export { clamp, type EffectiveGrants, effectiveGrants, type GrantOptions } from './grants.ts';
export {
  listRules,
  listScripts,
  listWorkflows,
  type RuleListing,
  type ScriptListing,
  showWorkflow,
  type WorkflowDefinition,
  type WorkflowListing,
} from './list.ts';
export { type InstallOptions, installDependencies, installedMark } from './packages/install.ts';
export { packageReader } from './packages/read.ts';
export type { Declaration, DeclaredLimits, Plan, PlanActivity, PlanPlugin, Template } from './plan.ts';
export { buildPluginScript, checkPlugin, type PluginBuild } from './plugins/check.ts';
export {
  Content,
  ContentError,
  isPluginFile,
  MANIFEST,
  PLUGIN_CAPS,
  type PluginFiles,
  pluginDigest,
} from './plugins/content.ts';
export type { FindPlugin, FoundPlugin, NoPlugin } from './plugins/find.ts';
export { type PluginManifest, readPluginManifest } from './plugins/manifest.ts';
export { highest, isChannel, isPluginName, isVersion, LATEST, sortVersions } from './plugins/name.ts';
export { formatProblem, hasErrors, type Problem, sortProblems } from './problem.ts';
export { type OpenOptions, openProject, type Project } from './project.ts';
export { type ActivityTable, activityNames, activityTable, type BuiltComponent } from './projects/activities.ts';
export { readCompiled } from './projects/compiled.ts';
export { type ChosenComponent, chooseComponents, namesOf } from './projects/components.ts';
export { isLoaded, readReferences } from './projects/definition.ts';
export { faultProblem } from './projects/faults.ts';
export type * from './projects/pin.ts';
export { ACTIVITY_HEADER, isReservedType } from './projects/pin.ts';
export { type ProjectProblem, projectSentence } from './projects/problem.ts';
export { recompileWarning, staleWarning } from './projects/stale.ts';
export { exportProblems, guessTypes, type TypeTable, typesOf, typeTable } from './projects/types.ts';
export { plain, quoted } from './projects/words.ts';
export { type CompiledScript, compileScript } from './scripts/single.ts';
export { checkBranchName } from './source/branch.ts';
export {
  type ApiKey,
  type ApiKeyStore,
  AUDIT_KINDS,
  type AuditArchive,
  type AuditEvent,
  type AuditRecord,
  type AuditStore,
  type CellKill,
  type ChoreOutcome,
  type ChoreState,
  type ChoreStore,
  type Code,
  type CodeKind,
  type CodeStore,
  type CompiledCodes,
  type CompiledRow,
  type ComponentRow,
  type ComponentWrite,
  compilationDigest,
  createFileStore,
  createQuarantineJournal,
  createStore,
  type Delivery,
  type DeliveryState,
  type DeliveryStore,
  digestOf,
  type FoundStart,
  type IdempotencyStore,
  type IdempotentStart,
  type LeaseClaim,
  type LeaseRow,
  type LineStore,
  type NewProject,
  type Page,
  type PluginChannel,
  type PluginKey,
  type PluginStore,
  type PluginVersion,
  type ProjectChange,
  type ProjectRow,
  type ProjectStore,
  type ProjectWorkflowRow,
  parseSettings,
  type Quarantine,
  type QuarantineStore,
  QueueError,
  queueProblem,
  type RunLine,
  type Store,
  type StoreCode,
  StoreError,
  type StoreOptions,
  type Tenant,
  type TenantSecret,
  type TenantSettings,
  type TenantStore,
  type WorkerRow,
  type WorkerStatus,
  type WorkflowWrite,
} from './store/index.ts';
export type * from './store/project.ts';
export { type FileTenant, parseTenants } from './tenants.ts';
export { type CheckedTrigger, checkTrigger, triggerFolders } from './triggers/check.ts';
export { readTriggers, type Trigger, type TriggerPart } from './triggers/read.ts';
export type { WebhookRule } from './triggers/webhook.ts';
export { parseDuration } from './workflow/duration.ts';
export type { ActivitySource, WorkflowSource } from './workflow/source.ts';
