import { expect, test } from 'vitest';
import { booted, cat, G, M, play, X86 } from '../../../../test/kit.ts';

const machine = { ...X86, ram: [{ start: 0, size: 2 * G }] };
const REGION = '/sys/devices/platform/hmem.0/dax_region';
const DAX = '/sys/bus/dax/devices';
const hex = (n: number) => `0x${n.toString(16)}`;
const size = (dax: string, bytes: number) => ({ write: { path: `${DAX}/${dax}/size`, value: hex(bytes) } });
const create = { write: { path: `${REGION}/create`, value: '1' } };

/** A region of 1G at 4G, of which dax0.0 has the first 256M. */
function region(release: string) {
  const session = booted(release, machine);
  play(
    session,
    { soft_reserved: { start: 4 * G, size: G } },
    { daxctl: 'reconfigure-device -f -m devdax dax0.0' },
    { daxctl: 'disable-device dax0.0' },
    size('dax0.0', 256 * M),
  );
  return session;
}

test.each(['v5.10', 'v6.8', 'v7.2'])('%s: an instance grows around others', (release) => {
  const session = region(release);
  const outcomes = play(session, create, size('dax0.1', 128 * M), size('dax0.0', 512 * M), create);
  expect(outcomes.map(({ result }) => result)).toEqual(['success', 'success', 'success', 'success']);
  expect([...session.state.dev_dax.values()].map(({ name, ranges }) => [name, ranges])).toEqual([
    [
      'dax0.0',
      [
        { start: 4 * G, size: 256 * M },
        { start: 4 * G + 384 * M, size: 256 * M },
      ],
    ],
    ['dax0.1', [{ start: 4 * G + 256 * M, size: 128 * M }]],
    ['dax0.2', []],
  ]);
  expect(cat(session, `${REGION}/available_size`)).toBe(`${384 * M}\n`);
  expect(cat(session, `${DAX}/dax0.0/size`)).toBe(`${512 * M}\n`);
  expect(cat(session, `${DAX}/dax0.2/resource`)).toBe('0xffffffffffffffff\n');
});

test('it shrinks from the end, and its last range grows', () => {
  const session = region('v6.8');
  play(session, create, size('dax0.1', 128 * M), size('dax0.0', 512 * M), size('dax0.0', 320 * M));
  const ranges = () => session.state.dev_dax.get(0)!.ranges;
  expect(ranges()).toEqual([
    { start: 4 * G, size: 256 * M },
    { start: 4 * G + 384 * M, size: 64 * M },
  ]);
  play(session, size('dax0.0', 192 * M), size('dax0.0', 256 * M));
  expect(ranges()).toEqual([{ start: 4 * G, size: 256 * M }]);
});

test('what the region refuses', () => {
  const session = region('v6.8');
  const results = play(
    session,
    size('dax0.0', 2 * G),
    size('dax0.0', 3 * M),
    { write: { path: `${REGION}/create`, value: '2' } },
    { write: { path: `${REGION}/delete`, value: 'dax0.0' } },
    { write: { path: `${REGION}/delete`, value: 'dax0.7' } },
    { daxctl: 'reconfigure-device -m devdax dax0.0' },
    size('dax0.0', 512 * M),
    { daxctl: 'disable-device dax0.0' },
    size('dax0.0', G),
    create,
  ).map(({ result }) => result);
  expect(results).toEqual([
    'ENOSPC',
    'EINVAL',
    'EINVAL',
    'EBUSY',
    'ENXIO',
    'success',
    'EBUSY',
    'success',
    'success',
    'ENOSPC',
  ]);
});

test('an instance without a size has no driver, and can be deleted if it is not the first', () => {
  const session = region('v6.8');
  const results = play(
    session,
    create,
    { daxctl: { run: 'reconfigure-device -m devdax dax0.1', expect: 'any' } },
    { write: { path: `${REGION}/delete`, value: 'dax0.1' } },
  );
  expect(results[2]!.result).toBe('success');
  expect([...session.state.dev_dax.values()].map(({ name }) => name)).toEqual(['dax0.0']);
});

test.each(['v5.10', 'v6.8', 'v7.2'])('%s: a range that is busy is left out', (release) => {
  const session = region(release);
  const [, , , , memory] = play(
    session,
    create,
    size('dax0.1', 256 * M),
    size('dax0.0', 512 * M),
    { memremap: { start: 4 * G + 512 * M, size: 2 * M, resource: 'other' } },
    { daxctl: 'reconfigure-device -N -m system-ram dax0.0' },
  );
  expect(memory!.result).toBe('success');
  expect(memory!.messages.filter((text) => text.startsWith('kmem'))).toEqual([
    'kmem dax0.0: mapping1: 0x120000000-0x12fffffff could not reserve region',
  ]);
  expect(session.state.dev_dax.get(0)!.res).toEqual([true, false]);
});
