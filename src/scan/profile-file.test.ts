import { expect, test } from 'vitest';
import { builtInNames, builtInProfile, formatProfile, parseProfile } from './profile-file.ts';

test.each([
  ['settings: {port: 80}', '"port" is not a setting'],
  ['settings: {ports: 99999}', '"ports" must be a list of ports'],
  ['settings: {rate: fast}', '"rate" must be a number 0 to 10000000, not "fast"'],
  ['settings: {ports: 1, top_ports: 2}', 'exclude each other'],
  ['settings: [1]', 'must be settings by name'],
  ['a: &a [1]\nsettings: *a', 'is not valid YAML'],
  ['{', 'is not valid YAML'],
  ['name: x\nsettings: {}', 'has "name"'],
])('the profile %j is refused', (text, message) => {
  expect(() => parseProfile(text, 'bad.yaml')).toThrow(message);
});

test('every profile that comes with Portolan is read, and read back as it is written', async () => {
  const names = await builtInNames();
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) {
    const profile = (await builtInProfile(name))!;
    expect(profile.description).toMatch(/./);
    expect(parseProfile(formatProfile(profile), name)).toEqual(profile);
  }
});

test('a name that is a path is not a profile', async () => {
  expect(await builtInProfile('../profiles/web')).toBeUndefined();
});
