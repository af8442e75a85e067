/** A host without a collector pays nothing for traces. */
import { registerHooks } from 'node:module';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const untraced = suite('a host without a collector');

untraced('nothing of the SDK of OpenTelemetry is loaded, and a span is no object of its own', async () => {
  const loaded: string[] = [];
  const hooks = registerHooks({
    load: (url, context, next) => {
      loaded.push(url);
      return next(url, context);
    },
  });
  const { openOperations } = await import('../../host/metrics/operations.ts');
  await import('../../host/host.ts');
  const { tracing, starts, close } = await openOperations(null);
  const ours = /\/host\/tracing\/otlp\.ts$|^(?!.*node_modules.*node_modules).*@opentelemetry\/(sdk-trace|exporter)/;
  assert.equal(
    loaded.filter((url) => ours.test(url)),
    [],
  );
  assert.is(tracing.begin('a'), tracing.begin('b'));
  assert.is(tracing.begin('a').traceparent, null);
  assert.is(starts.length, 0);
  await close();
  await import('../../host/tracing/otlp.ts');
  assert.ok(
    loaded.some((url) => ours.test(url)),
    'they would have been seen',
  );
  hooks.deregister();
});

untraced.run();
