import { readdir, readlink, realpath } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { RegistryError } from '../errors.ts';

/**
 * Refuses a project in which npm, working in the folder of the project itself, would follow a link to a place of others: it
 * empties `node_modules`, wherever that leads, and writes through every link on the way to a package. A link may be part of a
 * commit. Those that stay inside the project are let be, as npm's own to workspaces. Throws DEPENDENCY_REFUSED.
 */
export async function requireOwnFolders(dir: string): Promise<void> {
  const root = await realpath(dir);
  const open = [root];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const entries = await readdir(folder, { withFileTypes: true });
    // Worktrees and other clones are none of this project's, and no commit can hold one.
    if (folder !== root && entries.some(({ name }) => name === '.git')) continue;
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isSymbolicLink()) {
        if (entry.name === 'node_modules' || !isInside(root, await targetOf(path))) throw refused(relative(root, path));
      } else if (entry.isDirectory() && path !== join(root, '.git')) open.push(path);
    }
  }
}

/** Of a link that leads nowhere: the place that it names. */
async function targetOf(link: string): Promise<string> {
  return realpath(link).catch(async () => resolve(dirname(link), await readlink(link)));
}

/** The repository itself is none of the project's folders. */
function isInside(root: string, path: string): boolean {
  const [first = ''] = relative(root, path).split(sep);
  return first !== '' && first !== '..' && first !== '.git';
}

const LONGEST = 200;

function refused(path: string): RegistryError {
  const found = JSON.stringify(path.slice(0, LONGEST));
  const expected = 'folders of the project itself, beside workspaces';
  return new RegistryError('DEPENDENCY_REFUSED', `project: found the link ${found}, expected ${expected}`);
}
