import { CancellationScope, proxyActivities, sleep } from '@temporalio/workflow';
import type * as activities from './activities.ts';

const { echo } = proxyActivities<typeof activities>({ startToCloseTimeout: '10s' });

/** Who comes first among promises that wait for nothing outside: the order of commands hangs on it. */
export async function turns(): Promise<string> {
  const seen: string[] = [];
  const note = (word: string) => void seen.push(word);
  const ticker = async () => {
    for (let tick = 0; tick < 9; tick += 1) {
      note(String(tick));
      await undefined;
    }
  };
  const returnsPromise = async () => Promise.resolve();
  const returnsValue = async () => 1;
  const awaitsThenable = async () => {
    // biome-ignore lint/suspicious/noThenProperty: what it is about
    await { then: (resolve: () => void) => resolve() };
  };
  const throws = async () => {
    throw new Error('x');
  };
  async function* yields() {
    yield 1;
    yield Promise.resolve(2);
    note('yielded');
  }
  const iterates = async () => {
    for await (const value of yields()) note(`y${value}`);
  };
  await Promise.all([
    ticker(),
    returnsPromise().then(() => note('promise')),
    returnsValue().then(() => note('value')),
    awaitsThenable().then(() => note('thenable')),
    throws().catch(() => note('thrown')),
    iterates().then(() => note('iterated')),
    Promise.resolve(Promise.resolve()).then(() => note('nested')),
    Promise.all([1, returnsValue()]).then(() => note('all')),
    Promise.race([returnsPromise(), 2]).then(() => note('race')),
  ]);
  return seen.join(' ');
}

/** Commands of many branches: in the order in which the branches come to them. */
export async function branches(): Promise<string> {
  const inner = async (name: string) => {
    const value = await echo(name);
    await sleep(1);
    return value;
  };
  const results = await Promise.all([
    inner('direct'),
    (async () => inner('wrapped'))(),
    Promise.resolve('then').then(inner),
    CancellationScope.cancellable(() => inner('scoped')),
    (async () => {
      await null;
      return inner('late');
    })(),
    (async () => {
      for await (const word of ['iterated']) return inner(word);
      return '';
    })(),
  ]);
  return results.join();
}
