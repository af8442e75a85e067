/** workerd through miniflare: an isolate behind an HTTP door. One isolate serves every call, so state lives on between them. */
import { type Contender, NotAvailable } from '../contender.ts';

/** What of miniflare is used. */
interface MiniflareLibrary {
  readonly Miniflare: new (
    options: Readonly<Record<string, unknown>>,
  ) => { readonly ready: Promise<URL>; dispose(): Promise<void> };
}

const DOOR = `
export default {
  async fetch(request) {
    return new Response(JSON.stringify(main(await request.json())));
  },
};`;

const STARTS = 5;

export const workerd: Contender = {
  name: 'workerd (miniflare), warm, over HTTP',
  calls: 300,
  open: async ({ module }, competitors) => {
    const library = competitors.load('miniflare') as MiniflareLibrary;
    const startMs: number[] = [];
    for (let start = 1; start < STARTS; start++) {
      const server = await startServer(library, module);
      startMs.push(server.startMs);
      await server.close();
    }
    const server = await startServer(library, module);
    return {
      startMs: [...startMs, server.startMs],
      call: async (input) => (await fetch(server.url, { method: 'POST', body: input })).text(),
      close: server.close,
    };
  },
};

async function startServer({ Miniflare }: MiniflareLibrary, module: string) {
  const startedAt = performance.now();
  const server = new Miniflare({
    modules: true,
    script: module + DOOR,
    compatibilityDate: '2026-01-01',
    host: '127.0.0.1',
    port: 0,
    cf: false,
  });
  try {
    const url = await server.ready;
    return { url, startMs: performance.now() - startedAt, close: () => server.dispose() };
  } catch (error) {
    await server.dispose();
    throw new NotAvailable(`workerd did not start: ${error instanceof Error ? error.message : error}`);
  }
}
