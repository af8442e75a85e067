import { readdirSync, readFileSync } from 'node:fs';

/** Whether the process runs. One that has ended and that nobody has waited for yet does not. */
export function isRunning(pid: number): boolean {
  return process.platform === 'linux' ? fieldsOf(pid).length > 0 : answersTo(pid);
}

/** Whether anything of the process group runs. */
export function isGroupAlive(group: number): boolean {
  if (process.platform !== 'linux') return answersTo(-group);
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && fieldsOf(Number(name))[2] === String(group));
}

/** State, parent, group, … of a process; nothing for one that is over. */
function fieldsOf(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? [] : fields;
  } catch {
    return [];
  }
}

function answersTo(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
