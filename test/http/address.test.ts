import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mayConnect } from '../../host/broker/http/address.ts';

const test = suite('address');

const PRIVATE = [
  '0.0.0.0',
  '0.1.2.3',
  '10.1.2.3',
  '100.64.0.1',
  '100.100.100.200',
  '127.0.0.1',
  '127.255.255.254',
  '168.63.129.16',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.0.1',
  '198.18.0.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:a9fe:a9fe',
  '::ffff:0:127.0.0.1',
  '64:ff9b::127.0.0.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::8.8.8.8',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '2002:808:808::1',
  '2606:4700::5efe:7f00:1',
  '3fff::1',
  '4000::1',
  '5f00::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  '010.8.8.8',
  '0x8.8.8.8',
  '134744072',
  '8.8.2056',
  '8.8.8.8 ',
  '',
  'example.org',
];

const PUBLIC = ['1.1.1.1', '8.8.8.8', '172.32.0.1', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '2606:4700:4700::1111'];

test('only public unicast addresses may be reached, in every way of writing them', () => {
  for (const address of PRIVATE) assert.is(mayConnect(address, []), false, address);
  for (const address of PUBLIC) assert.is(mayConnect(address, []), true, address);
  assert.is(mayConnect(undefined, ['0.0.0.0/0']), false);
});

test('a private range opens its own addresses, mapped ones too, and no others', () => {
  assert.is(mayConnect('127.0.0.1', ['127.0.0.0/8']), true);
  assert.is(mayConnect('::ffff:127.0.0.1', ['127.0.0.0/8']), true);
  assert.is(mayConnect('::1', ['127.0.0.0/8']), false);
  assert.is(mayConnect('10.0.0.1', ['127.0.0.0/8', 'fd00::/8']), false);
  assert.is(mayConnect('fd00::1', ['127.0.0.0/8', 'fd00::/8']), true);
});

test('a range that cannot be read opens nothing', () => {
  for (const range of ['', '*', '127.0.0.1', '127.0.0.0/33', '0/0x', 'localhost/8']) {
    assert.is(mayConnect('127.0.0.1', [range]), false, range);
  }
});

test.run();
