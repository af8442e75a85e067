import type { Attack } from '../harness/attack.ts';

/** Of `process` there is `env`, and of that what was granted (specification D2). */
export const attack: Attack = {
  claim: '`process` is a frozen object of the realm with a frozen `env` of the granted variables',
  script: `
    export async function main() {
      const parts = ['binding', 'mainModule', 'getBuiltinModule', 'dlopen', 'exit', 'kill', 'report', 'stdout', 'versions', '_linkedBinding', 'constructor'];
      const threw = [() => { process.env.A = 1; }, () => { process.exit = 1; }, () => { delete process.env.GREETING; }, () => Object.setPrototypeOf(process.env, {})]
        .map((write) => { try { write(); return false; } catch (error) { return error.constructor === TypeError; } });
      return [Reflect.ownKeys(process), parts.filter((part) => process[part] !== Object.prototype[part]), { ...process.env },
        Object.getPrototypeOf(process.env), process.env.toString === undefined, threw];
    }`,
  returns: [['env'], [], { GREETING: 'hello' }, null, true, [true, true, true, true]],
};
