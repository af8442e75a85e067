import { deniedUrls } from './parts/net.ts';

export const attack = deniedUrls('private, shared, link-local and metadata addresses are refused', ({ port }) =>
  [
    '169.254.169.254',
    '168.63.129.16',
    '100.100.100.200',
    '100.64.0.1',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '192.0.0.192',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '[fd00::1]',
    '[fd00:ec2::254]',
    '[fe80::1]',
    '[fec0::1]',
    '[ff02::1]',
  ].map((host) => `http://${host}:${port}/`),
);
