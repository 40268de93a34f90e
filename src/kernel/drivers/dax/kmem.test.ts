import { expect, test } from 'vitest';
import { booted, G, M, play, X86 } from '../../../../test/kit.ts';

const machine = { ...X86, ram: [{ start: 0, size: 2 * G }] };
/** The messages for a namespace of this size when it becomes memory, and when it becomes a device again. */
function said(release: string, size: number) {
  const outcomes = play(
    booted(release, machine),
    { nvdimm: { region: 0, start: 4 * G, size } },
    { ndctl: 'create-namespace -r region0 -m devdax -M mem' },
    { daxctl: 'reconfigure-device -m system-ram dax0.0' },
    { daxctl: 'reconfigure-device -f -m devdax dax0.0' },
  );
  return outcomes.slice(2).map(({ result, messages }) => ({
    result,
    dax: [...new Set(messages.filter((text) => /dax0/.test(text)))],
  }));
}

test.each(['v5.2', 'v5.3', 'v5.7'])('%s: less than a block, the end before the start', (release) => {
  // bind does not say why the driver refused
  expect(said(release, 62 * M)[0]).toEqual({
    result: 'ENODEV',
    dax: [
      'kmem dax0.0: could not reserve region [0x0000000108000000-0x0000000100000000]',
      'kmem: probe of dax0.0 failed with error -16',
    ],
  });
});

test('v5.10: it stays bound to nothing', () => {
  expect(said('v5.10', 62 * M)[0]).toEqual({
    result: 'success',
    dax: ['kmem dax0.0: mapping0: 0x100200000-0x102ffffff too small after alignment'],
  });
});

test('v5.2 never gives its region back', () => {
  expect(said('v5.2', 514 * M)[1]).toEqual({
    result: 'ENODEV',
    dax: [
      'device_dax dax0.0: could not reserve region [mem 0x100200000-0x1201fffff]',
      'device_dax: probe of dax0.0 failed with error -16',
    ],
  });
  for (const release of ['v5.3', 'v5.10', 'v6.1'])
    expect(said(release, 514 * M)[1]).toEqual({ result: 'success', dax: [] });
});
