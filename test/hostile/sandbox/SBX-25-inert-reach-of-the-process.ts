import type { Attack } from '../harness/attack.ts';

/** Behind the isolate: Cloudflare's second layer, a process without file system and network. */
export const attack: Attack = {
  claim: 'code in the process of a cell reaches no file, process, thread, address or debugger',
  forged: true,
  script: `
    const tries = {
      read: (t) => require('fs').readFileSync(t.file, 'utf8'),
      list: () => require('fs').readdirSync('/'),
      write: (t) => require('fs').writeFileSync(t.file, 'x'),
      link: (t) => require('fs').symlinkSync(t.file, t.file + '-link'),
      child: () => require('child_process').execSync('id'),
      worker: () => new (require('worker_threads').Worker)('1', { eval: true }),
      listen: () => new Promise((ok, no) => require('net').createServer().on('error', no).listen(0, ok)),
      tcp: (t) => new Promise((ok, no) => require('net').connect(t.port, '127.0.0.1').on('error', no).on('connect', ok)),
      unix: (t) => new Promise((ok, no) => require('net').connect(t.socket).on('error', no).on('connect', ok)),
      udp: (t) => new Promise((ok, no) => require('dgram').createSocket('udp4').on('error', no).send('x', t.port, '127.0.0.1', (error) => error ? no(error) : ok())),
      fetch: (t) => fetch('http://127.0.0.1:' + t.port),
      dns: () => require('dns').promises.lookup('localhost'),
      inspector: () => require('inspector').open(0),
      wasi: () => new (require('wasi').WASI)({ version: 'preview1' }),
    };
    async function attack(run, targets) {
      const odd = [];
      for (const [name, attempt] of Object.entries(tries)) {
        try { odd.push([name, String(await attempt(targets))]); } catch (error) { if ((error.cause ?? error).code !== 'ERR_ACCESS_DENIED') odd.push([name, String(error)]); }
      }
      return odd;
    }`,
  returns: [],
};
