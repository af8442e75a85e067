import { refusedLines } from './parts/build.ts';

export const attack = refusedLines(
  'no import reads a file of the host, whatever loader or scheme it names',
  ({ canaries }) => {
    const { file } = canaries;
    const attributes = ['text', 'json', 'bytes', 'file', 'dataurl', 'css'].map(
      (type) => `import x from '${file}' with { type: '${type}' }; console.log(x);`,
    );
    const specifiers = [
      file,
      `file://${file}`,
      `${file}?raw`,
      `${file}#x`,
      `/proc/self/environ`,
      `data:text/javascript,1`,
    ];
    return [
      ...attributes,
      ...specifiers.map((specifier) => `import x from '${specifier}'; console.log(x);`),
      `export * from '${file}';`,
      `export const x = () => import('${file}');`,
      `export const x = require('${file}');`,
      `import x = require('${file}'); console.log(x);`,
      `import 'http://127.0.0.1/x.js';`,
    ];
  },
);
