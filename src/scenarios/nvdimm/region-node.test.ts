import { expect, test } from 'vitest';
import { booted, must, X86 } from '../../../test/kit.ts';

test.each(['v5.2', 'v6.1', 'v7.2'])('%s: the node of a region is the nearest online one', (release) => {
  const far = {
    ...X86,
    nodes: [
      { node: 0, cpus: '0' },
      { node: 1, cpus: '1' },
      { node: 2, distance: [30, 17, 10] },
    ],
  };
  for (const [machine, nid] of [
    [X86, 0],
    [far, 1],
  ] as const) {
    const session = booted(release, machine);
    must(session, { nvdimm: { region: 0, start: '5G', size: '1G', node: 2 } });
    must(session, { nvdimm: { region: 1, start: '7G', size: '1G', node: 1 } });
    expect(session.state.nd_region.get(0)).toMatchObject({ nid, target_node: 2 });
    expect(session.state.nd_region.get(1)).toMatchObject({ nid: 1, target_node: 1 });
  }
});

test('NVDIMM regions, CXL regions and Soft Reserved memory share one series of numbers', () => {
  const session = booted('v6.1', X86);
  must(session, { soft_reserved: { start: '5G', size: '1G', node: 0 } });
  expect(() => must(session, { nvdimm: { region: 0, start: '7G', size: '1G', node: 0 } })).toThrow(
    'region0: the number is that of hmem.0',
  );
});
