/** What triggers take from the environment. */
import { type Environment, webhookSecret } from '../env.ts';
import type { TriggerSettings } from './index.ts';

/** `atStart`: whether the host registers its triggers by itself. */
export function triggerSettings({ webhookToken, subscriptions }: Environment, atStart: boolean): TriggerSettings {
  return { token: webhookToken, secretOf: webhookSecret, subscriptions, atStart };
}
