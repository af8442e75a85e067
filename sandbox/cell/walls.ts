/**
 * Refuses to go on where the walls of a cell are missing: an environment that is not empty, no permission model, or one that
 * leaves more open than it should. Throws with the wall's name.
 */
export function requireWalls(): void {
  const names = Object.keys(process.env).filter((name) => !name.startsWith('__CF'));
  if (names.length > 0) throw new Error('the environment of a cell must be empty');
  const { permission } = process;
  if (!permission) throw new Error('a cell needs the permission model');
  for (const scope of ['fs.write', 'child', 'worker', 'net', 'inspector', 'wasi']) {
    if (permission.has(scope)) throw new Error(`a cell must not have ${scope}`);
  }
  if (permission.has('fs.read', '/')) throw new Error('a cell must not read the disk');
}

/**
 * Scripts see the same time zone on every host; V8 would take the machine's. Its language follows the environment, which is
 * empty. To be called after the walls were found to stand.
 */
export function pinTimeZone(): void {
  process.env.TZ = 'UTC';
}
