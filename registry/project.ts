import { posix } from 'node:path';
import type { Build } from './build.ts';
import { DECLARATION_FIELDS, DEFAULT_DECLARATION, readDeclaration } from './declaration.ts';
import { RegistryError } from './errors.ts';
import { listedPackages } from './packages/manifest.ts';
import type { Declaration } from './plan.ts';
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
  /** Workflow files by id, in order; problems are in each one's `report`. */
  readonly workflows: ReadonlyMap<string, WorkflowSource>;
  readonly builder: Builder;
  /** The manifest of rules at a path of the project, read once. */
  readonly manifest: (path: string) => Manifest;
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
  const reports = { declaration: new Report('cloister.yaml'), packages: new Report('package.json') };
  const packages = listedPackages(files.get('package.json'), reports.packages);
  const declaration = readProjectDeclaration(files.get('cloister.yaml'), reports.declaration);
  const workflows = readWorkflows(files, { declaration, builtIns: scriptNames(builtIns) });
  const builder = new Builder({ dir, files, builtIns, packages, build });
  return Object.freeze({
    ...source,
    packages,
    declaration,
    builtIns,
    reports,
    workflows,
    builder,
    manifest: manifests(files),
  });
}

function readProjectDeclaration(text: string | undefined, report: Report): Declaration {
  const fields = text === undefined ? undefined : readFields(text, 'project', report, 'allowed');
  fields?.known(DECLARATION_FIELDS);
  return fields === undefined ? DEFAULT_DECLARATION : readDeclaration(fields, DEFAULT_DECLARATION);
}

type Rest = Pick<ProjectScope, 'declaration' | 'builtIns'>;

function readWorkflows(files: ReadonlyMap<string, string>, rest: Rest): ReadonlyMap<string, WorkflowSource> {
  const paths = [...files.keys()].filter((path) => path.startsWith('workflows/') && posix.extname(path) === '.yaml');
  const scope: ProjectScope = { ...rest, files, workflows: paths.map(idOfFile) };
  const read = paths.map((path) => readWorkflow(path, files.get(path) ?? '', scope));
  const workflows = new Map(read.map((workflow) => [workflow.id, workflow]));
  for (const workflow of read) checkChildCycles(workflow, (id) => workflows.get(id));
  return workflows;
}

function manifests(files: ReadonlyMap<string, string>): (path: string) => Manifest {
  const read = new Map<string, Manifest>();
  return (path) => {
    const manifest = read.get(path) ?? readManifest(path, files);
    read.set(path, manifest);
    return manifest;
  };
}
