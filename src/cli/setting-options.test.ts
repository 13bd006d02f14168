import { Command } from 'commander';
import { expect, test } from 'vitest';
import { settingNames } from '../core/scan-settings.ts';
import { addSettingOptions, readSettings } from './setting-options.ts';

function parse(...words: string[]): object {
  const command = addSettingOptions(new Command().exitOverride(), settingNames);
  command.configureOutput({ writeErr: () => {} }).parse(words, { from: 'user' });
  return readSettings(command.opts());
}

test('every setting has an option', () => {
  const words =
    '-p 22,U:53 --top-ports 10 -T 4 -n --no-probe --record all --rate 0.5 --host-parallelism 2 ' +
    '--parallelism 3 --timeout 4 --retries 5 --retry-delay 6 --host-timeout 7 --assume-up --resolve-all';
  const settings = parse(...words.split(' '));
  expect(settings).toEqual({
    ports: '22,U:53',
    top_ports: 10,
    timing: 4,
    reverse_dns: false,
    probe: false,
    record_all: true,
    rate: 0.5,
    host_parallelism: 2,
    parallelism: 3,
    timeout_ms: 4,
    retries: 5,
    retry_delay_ms: 6,
    host_timeout_ms: 7,
    assume_up: true,
    resolve_all: true,
  });
  expect(Object.keys(settings)).toEqual(settingNames);
});

test('an option that is left out gives no setting', () => {
  expect(parse()).toEqual({});
  expect(parse('--record', 'open')).toEqual({ record_all: false });
});

test.each([
  ['--retries', '1.5', 'Give a whole number 0 to 20.'],
  ['--rate', '', 'Give a number 0 to 10000000.'],
  ['--timeout', '0', 'Give a whole number of 1 or more.'],
  ['--record', 'some', 'Allowed choices are open, all.'],
])('the option %s "%s" is refused', (option, value, message) => {
  expect(() => parse(option, value)).toThrow(message);
});
