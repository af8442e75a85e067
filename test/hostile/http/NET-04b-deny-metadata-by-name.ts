import { deniedUrls } from './parts/net.ts';

export const attack = deniedUrls(
  'the name of a metadata service is refused by the address it leads to',
  () => ['http://metadata.google.internal/', 'http://metadata/', 'http://instance-data.ec2.internal/'],
  { lookup: async () => ['169.254.169.254'] },
);
