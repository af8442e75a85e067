/** `GET /health`: whether the process lives, and which of its parts answer. Open to everyone; tells no addresses. */
import type { ServerRoute } from '@hapi/hapi';
import type { ApiOptions } from './server.ts';

const CHECK_TIMEOUT_MS = 2000;

/** The health route: 200 always; `degraded` when a part is down. */
export function healthRoutes({ checks }: ApiOptions): ServerRoute[] {
  return [
    {
      method: 'GET',
      path: '/health',
      options: { auth: false },
      handler: async () => {
        const states = await Promise.all([...checks].map(async ([name, check]) => [name, await state(check)] as const));
        const down = states.some(([, word]) => word === 'down');
        return { status: down ? 'degraded' : 'ok', checks: Object.fromEntries(states) };
      },
    },
  ];
}

async function state(check: () => Promise<void>): Promise<'up' | 'down'> {
  const late = new Promise<never>((_, reject) => setTimeout(reject, CHECK_TIMEOUT_MS).unref());
  return Promise.race([check(), late]).then(
    () => 'up' as const,
    () => 'down' as const,
  );
}
