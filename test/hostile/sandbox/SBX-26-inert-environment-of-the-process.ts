import type { Attack } from '../harness/attack.ts';

/** Behind the isolate: the environment of a cell, where credentials lie in most hosts. */
export const attack: Attack = {
  claim: 'the process of a cell has no variable of the host, no descriptor of it and nothing in its arguments',
  forged: true,
  script: `
    async function attack(run, targets) {
      const isOdd = (fd) => { try { require('fs').fstatSync(fd); return true; } catch (error) { return !['EBADF', 'ERR_ACCESS_DENIED'].includes(error.code); } };
      const report = JSON.stringify([process.argv, process.execArgv.filter((each) => !each.includes('const bytes')), process.title, process.cwd()]);
      return [Object.keys(process.env).filter((name) => !name.startsWith('__CF')), process.env.CLOISTER_CANARY ?? null, /canary|secret|tenant-b/.test(report)];
    }`,
  returns: [[], null, false],
};
