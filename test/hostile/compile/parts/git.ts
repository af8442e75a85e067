import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const WHO = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org', '-c', 'commit.gpgsign=false'];

/** Runs git in a folder as somebody; its output. */
export async function git(dir: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['-C', dir, ...WHO, ...args]);
  return stdout.trim();
}
