import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  currentUpdateInfo,
  defineQuery,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setCurrentDetails,
  setDefaultQueryHandler,
  setDefaultSignalHandler,
  setDefaultUpdateHandler,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type * as activities from './activities.ts';

const { echo } = proxyActivities<typeof activities>({ startToCloseTimeout: '10s' });

const add = defineSignal<[string, number?]>('add', { description: 'adds a word' } as never);
const words = defineQuery<string[]>('words');
const done = defineSignal('done');
const rename = defineUpdate<string, [string]>('rename');
const fetchName = defineUpdate<string, [string]>('fetchName');

/** Signals that come before there is a handler wait for it, in order. */
export async function lateHandlers(): Promise<string[]> {
  const seen: string[] = [];
  await sleep(600);
  setHandler(add, (word, times = 1) => void seen.push(word.repeat(times)));
  await condition(() => seen.length >= 3);
  return seen;
}

/** Signals that no handler is made for go to the default handler, those that waited for one too. */
export async function defaults(): Promise<string[]> {
  const seen: string[] = [];
  let over = false;
  setHandler(done, () => {
    over = true;
  });
  setDefaultSignalHandler((name, ...args) => void seen.push(`signal ${name} ${JSON.stringify(args)}`));
  setDefaultQueryHandler((name, ...args) => `query ${name} ${JSON.stringify(args)}`);
  setDefaultUpdateHandler((name, ...args) => {
    seen.push(`update ${name}`);
    return { name, args };
  });
  await condition(() => over);
  return seen;
}

export async function asked(): Promise<void> {
  const seen = ['a'];
  let over = false;
  setHandler(words, () => seen, { description: 'all words' });
  setHandler(defineQuery('broken'), () => {
    throw new Error('no answer');
  });
  setHandler(defineQuery('refused'), () => {
    throw ApplicationFailure.nonRetryable('refused', 'Refused', 1);
  });
  setHandler(defineQuery<unknown, [unknown, unknown]>('mirror'), (first, second) => ({ first, second }));
  setHandler(defineQuery('nothing'), () => undefined);
  setHandler(add, (word) => void seen.push(word));
  setHandler(done, () => {
    over = true;
  });
  setCurrentDetails('waits to be done');
  await condition(() => over);
}

/** Updates: judged, answered at once or after a while, refused, failed; nobody is cut off. */
export async function updated(): Promise<string[]> {
  const seen: string[] = [];
  let name = 'first';
  let over = false;
  setHandler(
    rename,
    (next) => {
      const before = name;
      name = next;
      seen.push(`${currentUpdateInfo()?.name} ${typeof currentUpdateInfo()?.id}`);
      return before;
    },
    {
      validator: (next) => {
        if (next === '') throw new Error('a name has letters');
        if (next.length > 5) throw ApplicationFailure.create({ message: 'too long', type: 'TooLong', details: [5] });
      },
      description: 'renames',
    },
  );
  setHandler(fetchName, async (next) => {
    await sleep(30);
    const fetched = await echo(next);
    if (fetched === 'bad') throw ApplicationFailure.create({ message: 'bad name', type: 'Bad' });
    seen.push(`fetched ${fetched} ${currentUpdateInfo()?.name}`);
    name = fetched;
    return `now ${fetched}`;
  });
  setHandler(done, () => {
    over = true;
  });
  await condition(() => over);
  seen.push(`outside: ${currentUpdateInfo() === undefined}, finished: ${allHandlersFinished()}`);
  await condition(allHandlersFinished);
  return [...seen, name];
}

/** Handlers that wait, and outlive the moment that the workflow would be over. */
export async function slowHandlers(): Promise<string[]> {
  const seen: string[] = [];
  setHandler(add, async (word) => {
    seen.push(`begins ${word}`);
    await sleep(100);
    seen.push(`ends ${word}`);
  });
  await condition(() => seen.length > 0);
  const finished = allHandlersFinished();
  await condition(allHandlersFinished);
  return [...seen, String(finished)];
}

export async function handlerRefuses(): Promise<string> {
  setHandler(add, (word) => {
    throw ApplicationFailure.create({ message: `no ${word}`, type: 'NoWord', details: [word] });
  });
  await condition(() => false);
  return 'went on';
}

export async function handlerThrows(): Promise<string> {
  setHandler(add, (word) => {
    throw new TypeError(`cannot add ${word}`);
  });
  await condition(() => false);
  return 'went on';
}

/** A handler can be replaced and taken away. */
export async function handlersChange(): Promise<string[]> {
  const seen: string[] = [];
  setHandler(words, () => seen);
  setHandler(add, (word) => void seen.push(`one ${word}`));
  await condition(() => seen.length === 1);
  setHandler(add, (word) => void seen.push(`two ${word}`));
  await condition(() => seen.length === 2);
  setHandler(add, undefined);
  await sleep(600);
  seen.push(`after ${seen.length}`);
  setHandler(add, (word) => void seen.push(`three ${word}`));
  await condition(() => seen.length === 4);
  return seen;
}
