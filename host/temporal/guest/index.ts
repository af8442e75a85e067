/** The catch-all workflow of every project. What it does stands in the interceptors, which no type name can get around. */
export default async function guestWorkflow(): Promise<never> {
  throw new Error('the guest interpreter is not there');
}
