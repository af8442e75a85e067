/** Everything that runs inside Temporal's workflow VM. */
export { billingWorkflow } from './billing.ts';
