import { expect, test } from 'vitest';
import { booted, cat, G, last, M, must, play, X86 } from '../../../../test/kit.ts';
import type { Session } from '../../running/session.ts';

const iomem = (session: Session): string[] =>
  cat(session, '/proc/iomem')!
    .split('\n')
    .filter((line) => !line.startsWith('00000000') && line !== '');

const driver = (session: Session, name: string): string | undefined =>
  [...session.state.dev_dax.values()].find((dax) => dax.name === name)?.driver;

const WINDOW = { cxl_window: { window: 0, start: '16G', size: '8G', node: 2 } };

test.each([
  ['v5.7', 'device_dax'],
  ['v5.10', 'device_dax'],
  ['v6.1', 'device_dax'],
  ['v6.12', 'kmem'],
  ['v7.2', 'kmem'],
])('%s: dax_hmem gives Soft Reserved memory to %s', (release, expected) => {
  const session = booted(release, X86);
  must(session, { soft_reserved: { start: '6G', size: '512M', node: 1 } });
  expect(driver(session, 'dax0.0')).toBe(expected);
  expect(session.state.dev_dax.get(0)).toMatchObject({
    ranges: [{ start: 6 * G, size: 512 * M }],
    target_node: 1,
  });
});

test('v5.4 has no Soft Reserved memory, v5.10 no CXL window, v6.1 no region of volatile memory', () => {
  const said = (release: string, ...steps: readonly object[]): (() => unknown) => {
    const session = booted(release, X86);
    return () => play(session, ...steps);
  };
  expect(said('v5.4', { soft_reserved: { start: '6G', size: '1G' } })).toThrow(
    'v5.4 has no hmem_register_device',
  );
  expect(said('v5.10', WINDOW)).toThrow('v5.10 has no add_cxl_resources');
  expect(said('v6.1', WINDOW, { cxl_region: { window: 0, size: '1G' } })).toThrow(
    'v6.1 has no cxl_dax_region_probe',
  );
});

test('v6.12 shows Soft Reserved memory in /proc/iomem, v7.2 does not', () => {
  const shown = ['v6.12', 'v7.2'].map((release) => {
    const session = booted(release, X86);
    must(session, { soft_reserved: { start: '6G', size: '256M', node: 1 } });
    return iomem(session);
  });
  expect(shown).toEqual([
    [
      '180000000-18fffffff : Soft Reserved',
      '  180000000-18fffffff : dax0.0',
      '    180000000-18fffffff : System RAM (kmem)',
    ],
    ['180000000-18fffffff : dax0.0', '  180000000-18fffffff : System RAM (kmem)'],
  ]);
});

test.each([
  ['v6.1', []],
  ['v6.12', []],
  ['v7.2', ['kmem dax0.0: DAX region truncated by 126 MiB due to alignment']],
])('%s: what whole memory blocks leave over is printed by the step', (release, messages) => {
  const session = booted(release, X86);
  const outcomes = play(
    session,
    { soft_reserved: { start: '6G', size: '510M', node: 1 } },
    { daxctl: 'reconfigure-device -N -m system-ram dax0.0' },
  );
  const changes = outcomes.flatMap((outcome) => outcome.changes);
  expect(changes).toContain('dax0.0 as memory: new, 132120576 of 534773760 bytes lost to alignment');
  expect(
    outcomes.flatMap((outcome) => outcome.messages).filter((line) => line.includes('truncated')),
  ).toEqual(messages);
});

test.each([
  ['v6.1', 'hmem: probe of hmem.0 failed with error -12'],
  ['v6.12', 'hmem hmem.0: probe with driver hmem failed with error -12'],
])('%s: Soft Reserved memory whose ends are not aligned to 2M gets no device', (release, message) => {
  const session = booted(release, X86);
  const { messages } = last(session, { soft_reserved: { start: '6G', size: 512 * M + 4096, node: 1 } });
  expect(messages).toContain(message);
  expect(session.state.dev_dax.size).toBe(0);
});

test('what lies in a CXL window: v6.1 takes it, v6.12 leaves it to CXL, v7.2 takes what no region contains', () => {
  const soft = { soft_reserved: { start: '16G', size: '1G', node: 2 } };
  const drivers = (release: string, ...before: readonly object[]): (string | undefined)[] => {
    const session = booted(release, X86);
    must(session, WINDOW, ...before, soft);
    return ['dax0.0', 'dax1.0'].map((name) => driver(session, name));
  };
  expect(drivers('v6.1')).toEqual(['device_dax', undefined]);
  expect(drivers('v6.12')).toEqual([undefined, undefined]);
  expect(drivers('v7.2')).toEqual(['kmem', undefined]);
  const found = { cxl_region: { window: 0, start: '16G', size: '2G' } };
  expect(drivers('v6.12', found)).toEqual(['kmem', undefined]);
  expect(drivers('v7.2', found)).toEqual(['kmem', undefined]);
});

test.each(['v6.12', 'v7.2'])('%s: a CXL region becomes memory of the node of its window', (release) => {
  const session = booted(release, X86);
  must(
    session,
    WINDOW,
    { cxl_region: { window: 0, size: '1G', ways: 2, granularity: '4K' } },
    { daxctl: 'online-memory dax0.0' },
  );
  expect(iomem(session)).toEqual([
    '400000000-5ffffffff : CXL Window 0',
    '  400000000-43fffffff : region0',
    '    400000000-43fffffff : dax0.0',
    '      400000000-43fffffff : System RAM (kmem)',
  ]);
  expect(session.state.pgdat.get(2)).toMatchObject({ online: true, node_present_pages: G / 4096 });
  must(session, { daxctl: 'reconfigure-device -f -m devdax dax0.0' });
  expect(driver(session, 'dax0.0')).toBe('device_dax');
  must(session, { daxctl: 'reconfigure-device -N -m system-ram dax0.0' });
  expect(driver(session, 'dax0.0')).toBe('kmem');
});

test('regions take the first free place in their window, in whole 256M for each of their ways', () => {
  const session = booted('v6.12', X86);
  must(
    session,
    WINDOW,
    { cxl_region: { window: 0, start: '17G', size: '1G' } },
    { cxl_region: { window: 0, size: '1G' } },
    { cxl_region: { window: 0, size: '768M', ways: 3, expect: 'EINVAL' } },
    { cxl_region: { window: 0, size: '1G', ways: 4 } },
    { cxl_region: { window: 0, size: '512M', expect: 'success' } },
    { cxl_region: { window: 0, size: '640M', ways: 1, expect: 'EINVAL' } },
    { cxl_region: { window: 0, size: '256M', ways: 2, expect: 'EINVAL' } },
    { cxl_region: { window: 0, size: '1280M', ways: 5, expect: 'EINVAL' } },
    { cxl_region: { window: 0, size: '1G', granularity: 128, expect: 'EINVAL' } },
    { cxl_region: { window: 0, size: '1G', granularity: '32K', expect: 'EINVAL' } },
    { cxl_region: { window: 0, size: '6G', expect: 'ERANGE' } },
  );
  expect([...session.state.cxl_region.values()].map(({ start, size }) => [start / M, size / M])).toEqual([
    [17 * 1024, 1024],
    [16 * 1024, 1024],
    [18 * 1024, 1024],
    [19 * 1024, 512],
  ]);
});

test('a window among two host bridges decides granularity and the least number of ways', () => {
  const session = booted('v6.12', X86);
  must(
    session,
    { cxl_window: { window: 1, start: '16G', size: '4G', node: 2, ways: 2, granularity: '1K' } },
    { cxl_region: { window: 1, size: '1G', granularity: '1K', expect: 'EINVAL' } },
    { cxl_region: { window: 1, size: '1G', ways: 2, granularity: '4K', expect: 'EINVAL' } },
    { cxl_region: { window: 1, size: '1G', ways: 4, granularity: '1K' } },
  );
});

test('a window among three host bridges takes regions of 3, 6 and 12 ways', () => {
  const session = booted('v6.12', X86);
  must(
    session,
    { cxl_window: { window: 1, start: '16G', size: '12G', node: 2, ways: 3 } },
    { cxl_region: { window: 1, size: '768M', ways: 3 } },
    { cxl_region: { window: 1, size: '1536M', ways: 6 } },
    { cxl_region: { window: 1, size: '3G', ways: 12 } },
    { cxl_region: { window: 1, size: '1G', ways: 4, expect: 'EINVAL' } },
  );
});

test.each(['v6.1', 'v6.12', 'v7.2'])(
  '%s: persistent memory of CXL is an NVDIMM region with its number',
  (release) => {
    const session = booted(release, X86);
    must(
      session,
      WINDOW,
      { nvdimm: { region: 0, start: '8G', size: '1G' } },
      { cxl_region: { window: 0, size: '1G', type: 'pmem' } },
      { ndctl: 'create-namespace -r region1 -m fsdax -M dev' },
    );
    expect(session.state.nd_region.get(1)).toMatchObject({ start: 16 * G, size: G, target_node: 2, nid: 0 });
    expect(iomem(session).slice(-4)).toEqual([
      '400000000-5ffffffff : CXL Window 0',
      '  400000000-43fffffff : pmem_region1',
      '    400000000-43fffffff : region1',
      '      400000000-43fffffff : namespace1.0',
    ]);
  },
);

test('a region that is System RAM already is left alone', () => {
  const session = booted('v7.2', X86);
  must(
    session,
    WINDOW,
    { soft_reserved: { start: '16G', size: '1G', node: 2 } },
    { cxl_region: { window: 0, start: '16G', size: '1G' } },
  );
  expect([...session.state.dev_dax.values()].map(({ name }) => name)).toEqual(['dax0.0']);
});

test('a hot-plugged NVDIMM is a region like one at boot; the monitor cannot take it out', () => {
  const session = booted('v6.1', X86);
  must(
    session,
    { nvdimm: { region: 0, start: '8G', size: '1G' } },
    { device_add: { id: 'nv1', kind: 'nvdimm', start: '16G', size: '1G', node: 1 } },
    { device_add: { id: 'nv1', kind: 'nvdimm', start: '20G', size: '1G', expect: 'EEXIST' } },
    { ndctl: 'create-namespace -r region1 -m devdax -M mem' },
    { daxctl: 'reconfigure-device -N -m system-ram dax1.0' },
    { device_del: { id: 'nv1', expect: 'EOPNOTSUPP' } },
  );
  expect(session.state.nd_region.get(1)).toMatchObject({ start: 16 * G, size: G, target_node: 1 });
  expect(driver(session, 'dax1.0')).toBe('kmem');
});

test.each([
  [{ soft_reserved: { start: '1G', size: '1G' } }, '0x40000000+0x40000000 is System RAM in /proc/iomem'],
  [
    { cxl_window: { window: 0, start: '16G', size: '1G', ways: 5 } },
    '5 is no number of ways: 1, 2, 4, 8, 16, 3, 6, 12',
  ],
])('what no firmware says is refused: %j', (step, text) => {
  expect(() => must(booted('v7.2', X86), step)).toThrow(text);
});

test('a region lies below its window, also when it fills it', () => {
  const session = booted('v6.12', X86);
  must(session, { cxl_window: { window: 0, start: '16G', size: '1G', node: 2 } });
  must(session, { cxl_region: { window: 0, size: '1G' } });
  expect(iomem(session)).toEqual([
    '400000000-43fffffff : CXL Window 0',
    '  400000000-43fffffff : region0',
    '    400000000-43fffffff : dax0.0',
    '      400000000-43fffffff : System RAM (kmem)',
  ]);
});

test('a region of persistent CXL memory cannot move', () => {
  const session = booted('v6.1', X86);
  must(session, WINDOW, { cxl_region: { window: 0, size: '1G', type: 'pmem' } });
  const [region] = session.state.nd_region.keys();
  expect(() => play(session, { nvdimm_move: { region, start: '6G' } })).toThrow(
    `region${region} cannot move: it is a CXL region`,
  );
});

test('a region of the firmware lies in its window, and not over another region', () => {
  const session = booted('v7.2', X86);
  must(session, WINDOW, { cxl_region: { window: 0, size: '1G' } });
  const made = (start: string) => () =>
    play(session, { cxl_region: { window: 0, size: '512M', start, type: 'pmem' } });
  expect(made('12G')).toThrow('0x300000000+0x20000000 is not in CXL Window 0');
  expect(made('16896M')).toThrow('0x420000000+0x20000000 overlaps region0: decoders do not overlap');
  expect(made('17G')).not.toThrow();
  expect(made('17G')).toThrow('overlaps region1');
});
