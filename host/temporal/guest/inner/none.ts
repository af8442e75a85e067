/** Stands for the converters that a worker may bring of its own: the guest's has none. */
export {};
