/** What scripts are made and spoiled with. */

/** Names of methods and properties of the language, and of what must not be reachable. */
export const MEMBERS: readonly string[] = [
  ...new Set(
    [
      Object,
      Array,
      Promise,
      String,
      Function,
      Map,
      Reflect,
      Symbol,
      RegExp,
      Error,
      ArrayBuffer,
      Uint8Array,
      Date,
      JSON,
      Proxy,
    ]
      .flatMap((each) => [each, (each as { prototype?: object }).prototype ?? {}])
      .flatMap((each) => Object.getOwnPropertyNames(each)),
  ),
  ...[
    'constructor',
    '__proto__',
    'caller',
    'callee',
    'mainModule',
    'binding',
    'require',
    'applySync',
    'copySync',
    'deref',
  ],
].filter((name) => /^\w+$/.test(name));

/** Statements in front of a script that change what later code stands on. */
export const POLLUTIONS = [
  'Object.prototype.reference = true; Object.prototype.copy = false; Object.prototype.externalCopy = true;',
  "for (const k of ['arguments', 'result', 'promise', 'timeout', 'filename', 'reference']) Object.prototype[k] = { reference: true };",
  'Object.prototype.then = function (resolve) { resolve(globalThis); };',
  'Object.prototype.toJSON = function () { return this; };',
  'Object.prototype.ok = 1; Object.prototype.err = { code: "DENIED", message: "x" }; Object.prototype.text = "{}";',
  'Object.prototype.code = "DENIED"; Object.prototype.message = "x"; Object.prototype.stack = "y";',
  "Object.defineProperty(Object.prototype, 'id', { get() { throw 1; }, set() {} });",
  "Object.defineProperty(Object.prototype, '0', { get() { return globalThis; }, set() {}, configurable: true });",
  'Array.prototype[Symbol.iterator] = function* () { yield globalThis; };',
  'Array.prototype.push = Array.prototype.map = () => { throw new Error("x"); };',
  'Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => globalThis;',
  'Promise.prototype.then = function () { return this; };',
  'Promise = class extends Promise { constructor(f) { super(f); } };',
  'JSON.stringify = () => "{"; JSON.parse = () => { throw 1; };',
  'String.prototype.slice = String.prototype.replace = () => ({});',
  'Symbol.prototype.toString = Number.prototype.toString = () => { for (;;); };',
  'Error.prepareStackTrace = (error, sites) => { try { return sites.map((s) => s.getThis() ?? s.getFunction()); } catch (e) { return e; } };',
  'Error.stackTraceLimit = 1e9;',
  'Error.captureStackTrace = () => { throw globalThis; };',
  'Map.prototype.get = Set.prototype.has = WeakMap.prototype.get = () => true;',
  'Reflect.apply = Reflect.construct = Reflect.ownKeys = () => [];',
  'Object.freeze = Object.create = Object.defineProperty = (x) => x;',
  'RegExp.prototype.exec = () => { throw 1; }; RegExp.prototype[Symbol.replace] = () => "x";',
  'globalThis.$cloister = globalThis.cloister = new Proxy({}, { get: () => () => globalThis });',
  'Object.setPrototypeOf(globalThis, new Proxy({}, { has: () => true, get: (_, k) => k }));',
  'Object.setPrototypeOf(Object.prototype.__proto__ ?? Array.prototype, new Proxy({}, { get: () => 1 }));',
  'for (const k of Object.getOwnPropertyNames(globalThis)) { try { if (k !== "cloister") delete globalThis[k]; } catch {} }',
] as const;

/** Statements that try a way out; a success is put into the log, where the judge reads it. */
export const ESCAPES = [
  "cloister.log.info(typeof process + typeof require, Object.keys(typeof process === 'object' ? process : {}));",
  "try { cloister.log.info(String(new Function('return process')().binding)); } catch (e) { cloister.log.info(String(e.stack)); }",
  "try { cloister.log.info(String((await import('node:fs')).readFileSync(t.file))); } catch (e) { cloister.log.info(String(e)); }",
  "await cloister.http.fetch('http://127.0.0.1:' + t.port + '/').catch((e) => cloister.log.info(e.message, e.stack));",
  "await cloister.http.fetch('file://' + t.file).catch((e) => cloister.log.info(e.message));",
  "await fetch('http://[::1]:' + t.port).catch((e) => cloister.log.info(String(e)));",
  'for (const o of [globalThis, cloister, cloister.fhir, t]) for (let p = o; p; p = Object.getPrototypeOf(p)) cloister.log.info(Reflect.ownKeys(p).map(String).join());',
  "function overflow() { try { return overflow(); } catch (e) { return e.constructor.constructor('return this')(); } } cloister.log.info(String(Object.getOwnPropertyNames(overflow())));",
  "const f = (n) => { try { f(n + 1); } catch { cloister.fhir.read('Patient', t.patient.own).catch((e) => cloister.log.info(String(e.stack))); } }; f(0);",
  'try { null.x; } catch (e) { Error.prepareStackTrace = (_, s) => s; for (const s of e.stack) cloister.log.info(String(s.getThis?.()), String(s.getFunction?.())); }',
  'try { await cloister.evaluate(\'constructor.constructor("return process")()\', {}); } catch (e) { cloister.log.info(String(e.stack)); }',
] as const;

/** Statements that use capabilities in odd ways. */
export const CALLS = [
  "await cloister.fhir.read('Patient', t.patient.foreign).catch((e) => cloister.log.info(e.code, e.message));",
  "await cloister.fhir.update({ resourceType: 'Patient', id: t.patient.foreign, active: false }).catch((e) => e);",
  "await cloister.fhir.delete('Patient', t.patient.foreign).catch((e) => e);",
  "cloister.log.info('rows', await cloister.db.from('notes').select('*').eq('tenant_id', t.tenant.foreign));",
  "cloister.log.info('row', await cloister.db.from('notes').delete().eq('id', t.row.foreign));",
  "for (let i = 0; i < 30; i++) cloister.fhir.search('Patient', { _count: i }).catch(() => 0);",
  "Promise.all(Array.from({ length: 200 }, () => cloister.http.fetch(t.allowed + '/echo'))).catch(() => 0);",
  "await Promise.race([cloister.fhir.read('Patient', { toString() { for (;;); } }), new Promise((r) => setTimeout(r, 1))]).catch((e) => e);",
  "await cloister.http.fetch(t.allowed + '/echo', { headers: new Proxy({}, { ownKeys: () => ['host'], getOwnPropertyDescriptor: () => ({ value: 'x', enumerable: true, configurable: true }) }) }).catch((e) => e);",
  "await cloister.fhir.create({ get resourceType() { delete this.resourceType; return 'Patient'; }, x: [1n] }).catch((e) => e);",
  "cloister.log.error('\\u001b[2J\\r\\n'.repeat(300), { deep: [[[[{}]]]] });",
  'for (let i = 0; i < 2000; i++) cloister.log.debug("x" + i);',
  'setTimeout(() => { throw new Error("late"); }, 5); setInterval(() => cloister.log.info("again"), 1);',
  'queueMicrotask(() => cloister.fhir.read("Patient", t.patient.own));',
  'await cloister.evaluate("a.b.c(d)", { a: { b: t }, d: [1] }).catch((e) => e);',
  'await cloister.evaluate("for(;;);", {}, { timeoutMs: 20 }).catch((e) => e);',
  'const c = new AbortController(); fetch(t.allowed + "/echo", { signal: c.signal }).catch((e) => e); c.abort({ get reason() { for (;;); } });',
] as const;

const rename = (script: string): string => script.replace(/\bmain\b/g, 'inner');
const quoted = (script: string): string => JSON.stringify(`${script}\nreturn main;`);

/** Ways to put a whole script inside another one. */
export const WRAPS: readonly ((script: string) => string)[] = [
  (s) => `${rename(s)}\nconst main = (t) => ({ get value() { return inner(t); } }).value;`,
  (s) =>
    `${rename(s)}\nconst main = new Proxy(inner, { apply: (f, self, args) => Reflect.apply(f, new Proxy({}, {}), args) });`,
  (s) => `${rename(s)}\nasync function main(t) { return await Promise.all([inner(t), inner(t)]); }`,
  (s) =>
    `${rename(s)}\nasync function main(t) { for await (const x of (async function* () { yield inner(t); })()) return x; }`,
  (s) =>
    `${rename(s)}\nfunction main(t) { return new Promise((r, j) => setTimeout(() => Promise.resolve(inner(t)).then(r, j), 1)); }`,
  (s) => `${rename(s)}\nfunction main(t) { return { then(resolve) { resolve(inner(t)); } }; }`,
  (s) =>
    `${rename(s)}\nasync function main(t) { try { return await inner(t); } catch (e) { throw new Proxy(e ?? {}, { get: (o, k) => { if (k === 'stack') for (;;); return o[k]; } }); } }`,
  (s) => `${rename(s)}\nasync function main(t) { throw await inner(t); }`,
  (s) => `${rename(s)}\nasync function main(t) { return { toJSON() { return { toJSON: inner(t), t }; } }; }`,
  (s) =>
    `${rename(s)}\nasync function main(t) { let x = t; for (let i = 0; i < 3; i++) x = [await inner(t), x]; return x; }`,
  (s) => `const main = (t) => new Function('cloister', ${quoted(s)})(cloister)(t);`,
  (s) => `const main = (t) => (0, eval)('(function (cloister) {' + ${quoted(s)} + '})')(cloister)(t);`,
  (s) => `const main = (t) => Reflect.construct(Function, ['cloister', ${quoted(s)}], Promise)(cloister)(t);`,
  (s) => `const main = (t) => cloister.evaluate(${quoted(s.slice(0, 5000))}, { t });`,
  (s) =>
    `class A extends Promise { constructor(f) { super(f); } static get [Symbol.species]() { return Array; } }\n${rename(s)}\nfunction main(t) { return A.resolve(inner(t)).then((x) => x); }`,
];
