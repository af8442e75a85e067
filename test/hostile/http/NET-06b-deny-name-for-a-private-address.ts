import { deniedUrls } from './parts/net.ts';

export const attack = deniedUrls(
  'a name on the list that leads to private addresses only is refused',
  ({ port }) => ['one', 'two', 'three', 'four'].map((name) => `http://${name}.test:${port}/`),
  {
    lookup: async (name) =>
      ({ 'one.test': ['127.0.0.1'], 'two.test': ['::1'], 'three.test': ['::ffff:7f00:1'] })[name] ?? [
        '10.0.0.1',
        '127.0.0.1',
      ],
  },
);
