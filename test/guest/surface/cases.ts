/** What is done with the surface workflows: by themselves, and with a client that signals, asks, updates and cancels. */
import type { Case, Group } from '../samples/case.ts';
import { differing } from './differing.ts';
import { talking } from './talking.ts';

/** One module for each topic, all served by one queue. */
export const GROUPS: readonly Group[] = [
  {
    name: 'surface',
    workflows: [
      'timers.ts',
      'scopes.ts',
      'promises.ts',
      'children.ts',
      'messages.ts',
      'failures.ts',
      'steps.ts',
      'state.ts',
      'language.ts',
      'modern.ts',
      'ticks.ts',
      'edges.ts',
    ],
  },
];

/** Types that need nobody from outside, by topic. */
const ALONE: Readonly<Record<string, string>> = {
  timers:
    'conditionTimesOut conditionWithoutTime triggers summarized callbacks clock chance negativeAndZero timerAgainstActivity',
  scopes: 'scopeTimesOut scopesNest abandonsActivity cancelledBeforeIn contexts',
  promises: 'allOf settled anyOf raced interleaved manyAtOnce argumentsOf',
  children:
    'executesByNameAndFunction signalsChild childFails childFailureGoesUp cancelsChild leavesChild clashes childOutOfTime signalsOther cancelsOther',
  failures: 'seesActivityFailures declaresErrors validatesOptions',
  activities: 'localSteps localRetries remoteRetries withOptions',
  state: 'remembers attributes patches goesOn logs',
  order: 'turns branches',
  edges:
    'arrow throwsOwnFailure bytes unfit lateHeartbeat large cancellationTypes declaresLate groups streams manyTimers cancelsPatience',
  language:
    'inheritance disposal lowered builtIns classes collections generators errors syntax platform returnsNothing',
};

const alone: readonly Case[] = Object.entries(ALONE).flatMap(([of, types]) =>
  types.split(' ').map((type) => ({
    of,
    name: type,
    group: 'surface',
    drive: async (pilot) => void (await pilot.execute(type)),
  })),
);

/** Every case, by topic. */
export const CASES: readonly Case[] = [...alone, ...talking, ...differing];
