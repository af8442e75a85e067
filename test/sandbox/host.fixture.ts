import { openRig } from './rig.ts';

/** A host that is to be killed: prints the process ids of its cells once a script of one of them spins in native code. */
const rig = openRig({ spare: false });
const limits = { cpuMs: 60_000, wallMs: 60_000 };
await rig.sandbox.warm('idle');
void rig.run('async function main() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }', { limits });
await new Promise((resolve) => setTimeout(resolve, 500));
process.stdout.write(JSON.stringify(rig.sandbox.stats().cells.map((cell) => cell.pid)));
