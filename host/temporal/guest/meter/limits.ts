/** What the engine's own guard (`maxStackSize`) is to be set to, in bytes: guest code that recurses deeper gets an error it can catch. */
export const GUARD_BYTES = 192 * 1024;

/**
 * How much of its stack in memory a metered module may use at all, in bytes: for the recursions that the engine's guard forgets. V8
 * spends up to 15 bytes of the thread's own stack on each of these, and where that one overflows differs from run to
 * run. It must not come to that: threads of Temporal's workflows have 4 MB.
 */
export const STACK_BYTES = 256 * 1024;

/** The fuel of a module that recursed too deep. Far below what spending can leave, and far above where the number would wrap. */
export const TOO_DEEP = -(2n ** 62n);

/** The fuel of a new instance: enough to start an engine, and not for ever, should its host forget to set a budget. */
export const FIRST_FUEL = 1_000_000_000n;

/**
 * Fuel for each guest step (`GUEST_STEPS`), which is about 5,000 turns of a loop in guest code. 1,000 of these are 0.2 s of CPU
 * for most work, and 2 s for what waits for memory at every turn.
 */
export const FUEL_PER_STEP = 5_000_000n;
