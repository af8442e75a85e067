/** The config project's repository: sync, branches, and what a branch changes. */
import type { Request } from '@hapi/hapi';
import { z } from 'zod';
import { checkBranchName } from '../../registry/index.ts';
import { ApiError } from '../error.ts';
import { regarding } from './audit.ts';
import { endpoint, need } from './endpoint.ts';
import { branchOf } from './query.ts';
import type { ApiParts } from './server.ts';

const commit = z.string().meta({ description: 'Full hash.' });
const branch = z.string().meta({ examples: ['feature/new-rule'] });
const folder = z.string().meta({ description: 'Folder below `WORKTREES_DIR`.', examples: ['feature-new-rule'] });
const changes = z.object({
  patch: z.string().meta({ description: 'As `git diff` writes it.' }),
  truncated: z.boolean().meta({ description: 'The patch is the beginning of one over 4 MiB.' }),
  files: z.array(
    z.object({
      path: z.string(),
      status: z.enum(['added', 'modified', 'deleted']),
      additions: z.int().nullable().meta({ description: 'Lines; null for a file that is no text.' }),
      deletions: z.int().nullable(),
    }),
  ),
});
const name = z.string('expected a branch name');

const newBranch = z.strictObject({
  name: name.optional().meta({ examples: ['feature/new-rule'] }),
  branch: name.optional().meta({ description: 'The same as `name`, which wins.' }),
  from: name.optional().meta({ description: 'Absent: main.' }),
});

/** Who names the branch in the body of one endpoint does so in all of them. */
const ofBranch = z.strictObject({ branch: name.optional() });

const reading = { role: 'viewer', scope: 'repo:read', tenants: 'none' } as const;
const writing = { role: 'developer', scope: 'repo:write', tenants: 'none' } as const;
/** The remote, or npm, may take minutes; an answer that gave up would say nothing of what was done. */
const patient = { timeout: { server: false } } as const;
const repositoryOf = ({ repository }: ApiParts) => need(repository, 'repository');

/** Endpoints about the repository. */
export const repositoryEndpoints = [
  endpoint({
    method: 'POST',
    path: '/repo/sync',
    operation: 'repo-sync',
    tag: 'repository',
    summary: 'Clones or updates the repository, installs its dependencies, removes what nobody needs.',
    access: writing,
    options: patient,
    answers: {
      200: {
        description: 'What was done.',
        schema: z.object({
          branch,
          before: commit.nullable(),
          after: commit,
          cloned: z.boolean(),
          npmInstall: z.object({ ran: z.boolean(), durationMs: z.int() }),
          removedWorktrees: z.array(folder),
          keptWorktrees: z.array(z.object({ name: folder, reason: z.enum(['in-use', 'use-unknown', 'uncommitted']) })),
          prunedCheckouts: z.array(commit),
        }),
      },
    },
    handler: async ({ request }, parts) => {
      checkedBranch(request);
      return repositoryOf(parts).sync();
    },
  }),
  endpoint({
    method: 'GET',
    path: '/repo/status',
    operation: 'repo-status',
    tag: 'repository',
    summary: 'Commit, branch and remote of a branch.',
    access: reading,
    answers: {
      200: {
        description: 'The state; the address has no user and no token.',
        schema: z.object({ commit, branch, remoteUrl: z.string().nullable(), dirty: z.boolean() }),
      },
    },
    handler: async ({ request }, parts) => repositoryOf(parts).status(branchOf(request)),
  }),
  endpoint({
    method: 'GET',
    path: '/repo/branches',
    operation: 'repo-branches',
    tag: 'repository',
    summary: 'Branches of the remote as it was fetched last, and those that were never pushed.',
    access: reading,
    answers: {
      200: {
        description: 'Main first, then by name.',
        schema: z.object({
          branches: z.array(z.object({ name: branch, commit, isMain: z.boolean(), worktree: folder.nullable() })),
        }),
      },
    },
    handler: async ({ request }, parts) => {
      checkedBranch(request);
      return { branches: await repositoryOf(parts).branches() };
    },
  }),
  endpoint({
    method: 'POST',
    path: '/repo/branches',
    operation: 'repo-create-branch',
    tag: 'repository',
    summary: 'Makes a branch together with its worktree.',
    access: writing,
    options: patient,
    body: newBranch,
    answers: {
      201: {
        description: 'The branch.',
        schema: z.object({ name: branch, from: branch, commit, worktree: folder }),
      },
    },
    handler: async ({ body, h, request }, parts) => {
      checkedBranch(request);
      const wanted = body.name ?? body.branch;
      if (wanted === undefined) throw missing('body name', 'the name of the new branch');
      const made = await repositoryOf(parts).createBranch(wanted, body.from ?? null);
      return h.response(told(request, made.name, made)).code(201);
    },
  }),
  endpoint({
    method: 'POST',
    path: '/repo/worktrees',
    operation: 'repo-create-worktree',
    tag: 'repository',
    summary: 'Makes the worktree of a branch that exists; the branch is named in the body or in the query.',
    access: writing,
    options: patient,
    body: ofBranch,
    answers: {
      200: { description: 'It was there.', schema: z.object({ branch, worktree: folder, commit }) },
      201: { description: 'It was made.', schema: z.object({ branch, worktree: folder, commit }) },
    },
    handler: async ({ body, h, request }, parts) => {
      const wanted = body.branch ?? branchOf(request);
      if (wanted === null) throw missing('body branch', 'the name of a branch');
      const { created, ...opened } = await repositoryOf(parts).openWorktree(wanted);
      return h.response(told(request, wanted, opened)).code(created ? 201 : 200);
    },
  }),
  endpoint({
    method: 'POST',
    path: '/repo/push',
    operation: 'repo-push',
    tag: 'repository',
    summary: 'Pushes the commits of a branch, never by force; the branch is named in the body or in the query.',
    access: writing,
    options: patient,
    body: ofBranch,
    answers: {
      200: {
        description: 'The remote has the commits.',
        schema: z.object({ branch, commit, upToDate: z.boolean() }),
      },
    },
    handler: async ({ body, request }, parts) => {
      const pushed = await repositoryOf(parts).push(body.branch ?? branchOf(request));
      return told(request, pushed.branch, pushed);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/repo/diff',
    operation: 'repo-diff',
    tag: 'repository',
    summary: 'What a branch has that main has not, committed and not committed.',
    access: reading,
    options: patient,
    answers: {
      200: {
        description: 'Both parts; files that git does not know yet are in the second.',
        schema: z.object({
          branch,
          base: branch,
          mergeBase: commit.nullable(),
          committed: changes,
          uncommitted: changes,
        }),
      },
    },
    handler: async ({ request }, parts) => repositoryOf(parts).diff(branchOf(request)),
  }),
  endpoint({
    method: 'GET',
    path: '/repo/commits',
    operation: 'repo-commits',
    tag: 'repository',
    summary: 'Commits of a branch, newest first.',
    access: reading,
    query: z.object({
      limit: z.coerce
        .number('expected a number from 1 to 500')
        .int('expected a number from 1 to 500')
        .min(1, 'expected a number from 1 to 500')
        .max(500, 'expected a number from 1 to 500')
        .default(50),
    }),
    answers: {
      200: {
        description: 'The commits.',
        schema: z.object({
          commits: z.array(z.object({ hash: commit, author: z.string(), date: z.iso.datetime(), message: z.string() })),
        }),
      },
    },
    handler: async ({ request, query }, parts) => {
      return { commits: await repositoryOf(parts).commits(branchOf(request), query.limit) };
    },
  }),
  endpoint({
    method: 'POST',
    path: '/repo/sync-built-in',
    operation: 'repo-sync-built-in',
    tag: 'repository',
    summary:
      'Writes `manifests/types` of a branch anew, for editors and `tsc`; commits nothing. The branch is named in the body or in the query.',
    access: writing,
    options: patient,
    body: ofBranch,
    answers: {
      200: {
        description: 'Paths of the files.',
        schema: z.object({ branch, written: z.array(z.string()) }),
      },
    },
    handler: async ({ body, request }, parts) => {
      const written = await repositoryOf(parts).writeTypes(body.branch ?? branchOf(request));
      return told(request, written.branch, written);
    },
  }),
];

/** Has the audit name the branch, and its commit where the answer does. */
function told<T extends object>(request: Request, branch: string, answer: T & { readonly commit?: string }): T {
  const { commit } = answer;
  regarding(request, { target: { branch, ...(commit !== undefined && { commit }) } });
  return answer;
}

/** A name that is not used is judged all the same. */
function checkedBranch(request: Request): void {
  const asked = branchOf(request);
  if (asked !== null) checkBranchName(asked);
}

function missing(where: string, expected: string): ApiError {
  return new ApiError('BODY_INVALID', 'the branch is missing', { where, found: 'nothing', expected });
}
