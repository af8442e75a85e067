/** A first look at a project: what no run of it could get past is told before anything is started. */
import { openProject, type Project } from '../../registry/index.ts';

/** Opens the project at `dir`, on `branch` if given, without its scripts. Rejects with `RegistryError`. */
export function lookAt(dir: string, branch?: string): Promise<Project> {
  const build = () => Promise.reject(new Error('nothing is built for a first look'));
  const builtIns = new Map<string, string>();
  return openProject({ dir, mode: 'working-tree', builtIns, build, ...(branch !== undefined && { branch }) });
}
