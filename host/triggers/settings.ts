/** What triggers take from the environment. */
import { type Environment, webhookSecret } from '../env.ts';
import type { TriggerSettings } from './index.ts';

/** `atStart`: whether the host registers its triggers by itself. */
export function triggerSettings(environment: Environment, atStart: boolean): TriggerSettings {
  const { webhookToken: token, subscriptions: asked, aidboxUrl } = environment;
  // A development host has its own FHIR server, whatever AIDBOX_URL says.
  const subscriptions = asked === 'auto' && atStart && aidboxUrl !== null ? 'aidbox' : asked;
  return { token, secretOf: webhookSecret, subscriptions, atStart };
}
