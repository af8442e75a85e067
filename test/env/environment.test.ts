import { resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { VARIABLES } from '../../host/env/variables.ts';
import { EnvironmentError, npmEnvironment, readEnvironment } from '../../host/env.ts';

const test = suite('environment');

function problemsOf(source: Record<string, string>): readonly string[] {
  try {
    readEnvironment(source);
  } catch (error) {
    if (error instanceof EnvironmentError) return error.problems;
    throw error;
  }
  return [];
}

test('without any variable every field has its default', () => {
  const environment = readEnvironment({});
  assert.is(environment.workerServicePort, 3011);
  assert.is(environment.temporalNamespace, 'default');
  assert.is(environment.temporalAddress, null);
  assert.is(environment.dynamicReload, false);
  assert.is(environment.payloadMaxBytes, 1_048_576);
  assert.is(environment.workflowDir, '/data/repo');
  assert.is(environment.unscopedRuns, 'allow');
  assert.equal(Object.keys(environment).sort(), Object.keys(VARIABLES).sort());
});

test('an empty value counts as unset, and blanks around one do not matter', () => {
  assert.is(readEnvironment({ WORKER_SERVICE_PORT: '' }).workerServicePort, 3011);
  assert.is(readEnvironment({ WORKER_SERVICE_PORT: ' 8080\n' }).workerServicePort, 8080);
});

test('the result is frozen', () => {
  assert.ok(Object.isFrozen(readEnvironment({})));
});

test('values get the type of their field', () => {
  const environment = readEnvironment({
    DYNAMIC_RELOAD: 'true',
    TEMPORAL_ADDRESS: '[::1]:7233',
    AIDBOX_URL: 'https://aidbox.example/fhir/',
    CLOISTER_DATA_DIR: 'data',
    BUILT_IN_DIR: '../built-in',
  });
  assert.is(environment.dynamicReload, true);
  assert.is(environment.temporalAddress, '[::1]:7233');
  assert.is(environment.aidboxUrl, 'https://aidbox.example/fhir');
  assert.is(environment.dataDir, resolve('data'));
  assert.is(environment.builtInDir, resolve(import.meta.dirname, '../../built-in'));
});

test('all bad values are reported at once, each with variable, value and expectation', () => {
  const problems = problemsOf({ DYNAMIC_RELOAD: 'yes', WORKER_SERVICE_PORT: '70000', FHIR_TENANT_MODE: 'header' });
  assert.equal([...problems].sort(), [
    'DYNAMIC_RELOAD is "yes"; expected `true` or `false`',
    'FHIR_TENANT_MODE is "header"; expected `organization-prefix` or `none`',
    'WORKER_SERVICE_PORT is "70000"; expected a port from 1 to 65535',
  ]);
});

test('what only looks like a value is refused', () => {
  assert.is(problemsOf({ WORKER_SERVICE_PORT: '0x50' }).length, 1);
  assert.is(problemsOf({ WORKER_SERVICE_PORT: '0' }).length, 1);
  assert.is(problemsOf({ PAYLOAD_MAX_BYTES: '1e6' }).length, 1);
  assert.is(problemsOf({ DYNAMIC_RELOAD: 'TRUE' }).length, 1);
  assert.is(problemsOf({ TEMPORAL_ADDRESS: 'http://localhost:7233' }).length, 1);
  assert.is(problemsOf({ TEMPORAL_ADDRESS: 'localhost' }).length, 1);
  assert.is(problemsOf({ AIDBOX_URL: 'ftp://aidbox.example' }).length, 1);
  assert.is(problemsOf({ CLOISTER_API_TOKEN: 'a token with blanks in it' }).length, 1);
});

test('no secret appears in a message, nor a password in an address', () => {
  const [token] = problemsOf({ CLOISTER_API_TOKEN: 'hunter2' });
  assert.is(token, 'CLOISTER_API_TOKEN is a secret of 7 characters; expected at least 16 characters without blanks');
  const [address] = problemsOf({ AIDBOX_URL: 'htp://root:hunter2@aidbox.example' });
  assert.is(address, 'AIDBOX_URL is "htp://***@aidbox.example"; expected an http:// or https:// address');
});

test('every variable whose name speaks of a secret is treated as one', () => {
  const named = Object.values(VARIABLES).filter(({ name }) => /SECRET|TOKEN|(?<!PUBLIC_)KEY|PASSWORD/.test(name));
  assert.equal(
    named.filter(({ secret }) => !secret).map(({ name }) => name),
    [],
  );
});

test('npm sees its own settings and no secret of the host', () => {
  const source = {
    PATH: '/bin',
    https_proxy: 'http://proxy:1',
    npm_config_registry: 'https://registry.example',
    npm_config__authToken: 'no',
    AIDBOX_CLIENT_SECRET: 'no',
    CLOISTER_API_TOKEN: 'no',
  };
  assert.equal(npmEnvironment(source), {
    PATH: '/bin',
    https_proxy: 'http://proxy:1',
    npm_config_registry: 'https://registry.example',
  });
});

test.run();
