/** Environment for a child process of Node that is to keep compiled code where this one does; empty when there is no such folder. */
export function compiledEnvironment(): Record<string, string>;
