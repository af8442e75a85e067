import { posix } from 'node:path';
import type { Build } from './build.ts';
import { DECLARATION_FIELDS, DEFAULT_DECLARATION, readDeclaration } from './declaration.ts';
import { RegistryError } from './errors.ts';
import { listedPackages } from './packages/manifest.ts';
import type { Declaration } from './plan.ts';
import { Budget } from './report/budget.ts';
import { readFields } from './report/file.ts';
import { Report } from './report/report.ts';
import { type Manifest, readManifest } from './rules/manifest.ts';
import { Builder } from './scripts/builder.ts';
import { scriptNames } from './scripts/ref.ts';
import { readSource, type Source, type SourceRequest } from './source/open.ts';
import { checkChildCycles } from './workflow/cycles.ts';
import { idOfFile, readWorkflow } from './workflow/file.ts';
import type { ProjectScope } from './workflow/scope.ts';
import type { WorkflowSource } from './workflow/source.ts';

/** What a project is opened with. */
export interface OpenOptions extends SourceRequest {
  /** `fhir/search` → text of the built-in. */
  readonly builtIns: ReadonlyMap<string, string>;
  /** Pass the same function each time: builds are remembered with it. */
  readonly build: Build;
}

/** An immutable snapshot of a config project. Safe to use from several places at once. */
export interface Project extends Source {
  /** Names that `package.json` lists as dependencies. */
  readonly packages: ReadonlySet<string>;
  /** Of `cloister.yaml`, or the default. */
  readonly declaration: Declaration;
  readonly builtIns: ReadonlyMap<string, string>;
  /** Problems of `cloister.yaml` (which stop every run) and of `package.json` (which do not). */
  readonly reports: { readonly declaration: Report; readonly packages: Report };
  /** What all of its reports share. */
  readonly budget: Budget;
  /** Workflow files by id, in order; problems are in each one's `report`. */
  readonly workflows: ReadonlyMap<string, WorkflowSource>;
  readonly builder: Builder;
  /** The manifest of rules at a path of the project, read once. */
  readonly manifest: (path: string) => Promise<Manifest>;
}

/**
 * Reads a project into memory and parses its workflows. Throws `RegistryError` (PROJECT_NOT_FOUND, PROJECT_EMPTY,
 * PROJECT_TOO_LARGE, BRANCH_INVALID, BRANCH_NOT_FOUND, COMMIT_NOT_FOUND, NOT_A_REPOSITORY, GIT_FAILED); what is wrong inside
 * the files is reported by `checkProject` and `compileWorkflow`.
 */
export async function openProject({ builtIns, build, ...request }: OpenOptions): Promise<Project> {
  const source = await readSource(request);
  const { dir, files } = source;
  if (![...files.keys()].some((path) => /^workflows\/[^/]+\.ya?ml$/.test(path))) {
    throw new RegistryError('PROJECT_EMPTY', `${dir}: found no workflows/*.yaml, expected a config project`);
  }
  const budget = new Budget();
  const reports = { declaration: new Report('cloister.yaml', budget), packages: new Report('package.json', budget) };
  const packages = listedPackages(files.get('package.json'), reports.packages);
  const declaration = await readProjectDeclaration(files.get('cloister.yaml'), reports.declaration);
  const workflows = await readWorkflows(files, { declaration, builtIns: scriptNames(builtIns), budget });
  const builder = new Builder({ dir, packagesDir: request.packagesDir ?? dir, files, builtIns, packages, build });
  return Object.freeze({
    ...source,
    packages,
    declaration,
    builtIns,
    reports,
    budget,
    workflows,
    builder,
    manifest: manifests(files, budget),
  });
}

type Files = ReadonlyMap<string, string>;

async function readProjectDeclaration(text: string | undefined, report: Report): Promise<Declaration> {
  const fields = text === undefined ? undefined : await readFields(text, 'project', report, 'allowed');
  fields?.known(DECLARATION_FIELDS);
  return fields === undefined ? DEFAULT_DECLARATION : readDeclaration(fields, DEFAULT_DECLARATION);
}

type Rest = Omit<ProjectScope, 'files' | 'workflows'>;

async function readWorkflows(files: Files, rest: Rest): Promise<ReadonlyMap<string, WorkflowSource>> {
  const paths = [...files.keys()].filter((path) => path.startsWith('workflows/') && posix.extname(path) === '.yaml');
  const scope: ProjectScope = { ...rest, files, workflows: paths.map(idOfFile) };
  const workflows = new Map<string, WorkflowSource>();
  for (const path of paths) {
    const workflow = await readWorkflow(path, files.get(path) ?? '', scope);
    workflows.set(workflow.id, workflow);
  }
  checkChildCycles(workflows);
  return workflows;
}

function manifests(files: Files, budget: Budget): (path: string) => Promise<Manifest> {
  const read = new Map<string, Promise<Manifest>>();
  return (path) => {
    const manifest = read.get(path) ?? readManifest(path, files, budget);
    read.set(path, manifest);
    return manifest;
  };
}
