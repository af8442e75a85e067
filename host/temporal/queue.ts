/** Task queue of every billing workflow. */
export const BILLING_QUEUE = 'billing';
