/** States of chores that no other host has to know. */
import type { ChoreState, ChoreStore } from '../../registry/index.ts';

/** A store that ends with the process. */
export function choreMemory(): ChoreStore {
  const states = new Map<string, ChoreState>();
  return {
    listChores: async () => [...states.values()],
    putChore: async (state) => {
      if ((states.get(state.id)?.version ?? 0) !== state.version) return false;
      states.set(state.id, { ...state, version: state.version + 1 });
      return true;
    },
  };
}
