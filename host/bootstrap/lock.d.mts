/** Types of lock.mjs, which has the contract. */
export function withLock<T>(file: string, work: () => Promise<T>, onWait?: () => void): Promise<T>;
