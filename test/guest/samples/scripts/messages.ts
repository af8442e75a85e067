import type { Case } from '../case.ts';

const introduction = { of: 'message-passing/introduction', group: 'second' };
const update = { of: 'message-passing/execute-update', group: 'first' };

/** Queries, signals and updates, valid and not. */
export const messagePassing: readonly Case[] = [
  {
    ...introduction,
    name: 'as its client does',
    drive: async (pilot) => {
      const run = await pilot.start('greetingWorkflow');
      await run.query('getLanguages', { includeUnsupported: false });
      await run.query('getLanguages', { includeUnsupported: true });
      await run.update('setLanguage', 'CHINESE');
      await run.query('getLanguage');
      const result = await run.startUpdate('setLanguage', 'ENGLISH');
      await result();
      await run.update('setLanguageUsingActivity', 'ARABIC');
      await run.query('getLanguage');
      await run.signal('approve', { name: '' });
      await run.outcome();
    },
  },
  {
    ...introduction,
    name: 'refuses what it does not speak',
    drive: async (pilot) => {
      const run = await pilot.start('greetingWorkflow');
      await run.update('setLanguage', 'PORTUGUESE');
      await run.update('setLanguageUsingActivity', 'KLINGON');
      await run.query('getLanguage');
      await run.signal('approve', { name: 'somebody' });
      await run.outcome();
    },
  },
  {
    ...introduction,
    name: 'asks the service one at a time',
    drive: async (pilot) => {
      const run = await pilot.start('greetingWorkflow');
      const first = await run.startUpdate('setLanguageUsingActivity', 'FRENCH');
      const second = await run.startUpdate('setLanguageUsingActivity', 'HINDI');
      await first();
      await second();
      await run.query('getLanguages', { includeUnsupported: false });
      await run.signal('approve', { name: 'somebody' });
      await run.outcome();
    },
  },
  {
    ...update,
    name: 'adds, refuses, is done',
    drive: async (pilot) => {
      const run = await pilot.start('counter');
      await run.update('fetchAndAdd', 1);
      await run.update('fetchAndAdd', -1);
      await run.update('fetchAndAdd', 41);
      await run.update('done');
      await run.outcome();
    },
  },
];
