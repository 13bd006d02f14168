import { expect, test } from 'vitest';
import { parseScanConfig } from './scan-config.ts';

const least = { targets: ['127.0.0.1'], ports: '80', seed: 's' };

test('what is left out has a default, and what is not known is left out', () => {
  expect(parseScanConfig({ ...least, colour: 'red', retries: 0 })).toEqual({
    ...least,
    hostnames: {},
    assume_up: 'named',
    named: [],
    exclude: [],
    reverse_dns: true,
    icmp_ping: false,
    discovery_only: false,
    probe: true,
    record_all: false,
    rate: 500,
    host_parallelism: 50,
    parallelism: 4000,
    timeout_ms: 1500,
    retries: 0,
    retry_delay_ms: 1000,
    host_timeout_ms: 0,
    engine: 'auto',
    engine_args: [],
  });
});

test.each([
  [{ targets: '127.0.0.1' }, /"targets".* must be a list of texts, not "127.0.0.1"/],
  [{ targets: [1] }, /"targets"/],
  [{ ports: undefined }, /"ports".* must be a text, not nothing/],
  [{ hostnames: ['a'] }, /"hostnames"/],
  [{ assume_up: 'some' }, /"assume_up".* one of named, all, not "some"/],
  [{ probe: 1 }, /"probe".* true or false/],
  [{ rate: -1 }, /"rate"/],
  [{ rate: Number.NaN }, /"rate"/],
  [{ parallelism: 100_001 }, /"parallelism".* 1 to 100000, not 100001/],
  [{ timeout_ms: 0.5 }, /"timeout_ms".* whole number of 1 or more/],
  [{ shard: { index: 1 } }, /"shard"/],
  [{ shard: null }, /"shard"/],
])('a configuration with %j is refused, and the field named', (part, message) => {
  expect(() => parseScanConfig({ ...least, ...part })).toThrow(message);
});

test('a configuration must be an object', () => {
  expect(() => parseScanConfig(null)).toThrow(/must be an object/);
  expect(() => parseScanConfig('{}')).toThrow(/must be an object/);
});
