/** What the registry refuses with before there is a project to report problems of. */

/** When each code is raised and what to do about it. */
export const REGISTRY_ERRORS = {
  PROJECT_NOT_FOUND: 'The project folder does not exist or is no folder; check the path.',
  PROJECT_EMPTY: 'The folder holds no `workflows/*.yaml`; point at the root of a config project.',
  PROJECT_TOO_LARGE: 'The project passes a cap on files, bytes or depth; move what is not a script or YAML elsewhere.',
  NOT_A_REPOSITORY:
    'A commit was asked for and the project is a plain folder; run `git init`, or use the working tree.',
  BRANCH_INVALID: 'The branch name is one that git refuses, or begins with "-", or contains ".."; use another name.',
  BRANCH_NOT_FOUND: 'The project has no such branch; create it, or check the spelling.',
  COMMIT_NOT_FOUND: 'The repository has no such commit, or no commit at all; fetch or commit first.',
  GIT_FAILED: 'git could not read the repository; the message holds its own words.',
  WORKFLOW_NOT_FOUND: 'The project has no `workflows/<id>.yaml`; check the id.',
  SCRIPT_NOT_FOUND: 'The named script is neither a file of the project nor a built-in; check the path.',
  PACKAGE_REFUSED: 'An npm package holds native code or passes a cap on size; use a pure JavaScript one.',
  DEPENDENCY_REFUSED:
    'A dependency, lock file or `.npmrc` leads npm elsewhere than to a registry or a tarball of the project; name a version.',
  NPM_INSTALL_FAILED: 'npm could not install the dependencies; the message holds its own words.',
  TENANTS_INVALID: 'The tenants file cannot be read; the message names each place.',
} as const satisfies Record<string, string>;

/** A code of `REGISTRY_ERRORS`. */
export type RegistryCode = keyof typeof REGISTRY_ERRORS;

/** Refusal of the registry. The message says where, what was found and what was expected. */
export class RegistryError extends Error {
  readonly code: RegistryCode;

  constructor(code: RegistryCode, message: string) {
    super(message);
    this.name = 'RegistryError';
    this.code = code;
  }
}
