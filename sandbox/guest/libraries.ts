/**
 * What a script may never touch, as one function of its own, `$libraries`, within the text of a prelude: V8 neither compiles
 * nor keeps anything of it until it is called. Each library is evaluated when it is asked for.
 */
export const url = (): typeof import('./url.ts') => require('./url.ts');
/** `TextEncoder`, `TextDecoder`. */
export const encoding = (): typeof import('./encoding.ts') => require('./encoding.ts');
/** `structuredClone` and the two of base64. */
export const clone = (): typeof import('./clone.ts') => require('./clone.ts');
/** `DOMException`. */
export const exception = (): typeof import('./exception.ts') => require('./exception.ts');
/** `AbortController` and what belongs to it. */
export const abort = (): typeof import('./abort.ts') => require('./abort.ts');
/** `fetch`, `Headers`, `Response`. */
export const fetch = (): typeof import('./fetch.ts') => require('./fetch.ts');
/** `crypto`. */
export const crypto = (): typeof import('./crypto.ts') => require('./crypto.ts');
/** Numbers out of a seed. */
export const random = (): typeof import('./random.ts') => require('./random.ts');
/** The module `@temporalio/activity`. */
export const activity = (): typeof import('./activity.ts') => require('./activity.ts');
