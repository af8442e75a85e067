import { Child, type Walls } from '../../../../sandbox/process.ts';

const PROGRAM = `
  const write = (value) => {
    const body = Buffer.from(JSON.stringify(value));
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    process.stdout.write(Buffer.concat([head, body]));
  };
  const attempt = async (code) => {
    try { return String(await eval(code)); } catch (error) { return 'refused ' + (error.code ?? error.name); }
  };
  (async () => {
    const results = [];
    for (const code of ATTEMPTS) results.push(await attempt(code));
    write(results);
  })();`;

/** Evaluates expressions in a child with these walls; each one's value as text, or `refused <code>`. */
export async function outputOfChild(walls: Walls, expressions: readonly string[]): Promise<readonly string[]> {
  const answer = Promise.withResolvers<readonly string[]>();
  const child = new Child(PROGRAM.replace('ATTEMPTS', JSON.stringify(expressions)), walls, {
    onMessage: (message) => answer.resolve(message as string[]),
    onEnd: (why) => answer.reject(new Error(`the child ended: ${why} ${child.stderr}`)),
  });
  try {
    return await answer.promise;
  } finally {
    child.kill();
  }
}
