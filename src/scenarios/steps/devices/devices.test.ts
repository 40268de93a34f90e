import { describe, expect, test } from 'vitest';
import { booted, G, M, must, play, X86 } from '../../../../test/kit.ts';

test('a Hyper-V host adds 128M at a time: what was added before a failure stays', () => {
  const s = booted('v7.2', { ...X86, hypervisor: 'hyperv' });
  must(s, { add: { start: 5 * G + 128 * M, size: 128 * M } });
  const [outcome] = play(s, { hv_hot_add: { start: 5 * G, size: 256 * M, backed: 0, expect: 'any' } });
  expect([outcome!.result, outcome!.failures]).toEqual(['EEXIST', []]);
  expect(s.state.memory_block.has(40)).toBe(true);
});

test('a Hyper-V host announces a range once', () => {
  const s = booted('v7.2', { ...X86, hypervisor: 'hyperv' });
  must(s, { hv_hot_add: { start: 5 * G, size: 256 * M, backed: 0 } });
  const again = (start: number) => () =>
    play(s, { hv_hot_add: { start, size: 256 * M, backed: 0, expect: 'any' } });
  expect(again(5 * G + 128 * M)).toThrow('the host has announced a part of 0x148000000+0x10000000 already');
  expect(again(5 * G + 256 * M)).not.toThrow();
});

describe('nvdimm_move', () => {
  const region = { region: 1, start: 8 * G, size: 2 * G };

  test('takes the region with it', () => {
    const s = booted('v6.1', X86);
    must(s, { nvdimm: region }, { nvdimm_move: { region: 1, start: 6 * G } });
    expect(s.state.nd_region.get(1)!.start).toBe(6 * G);
  });

  test('not while memory of others lies in the region', () => {
    const s = booted('v6.1', X86);
    must(s, { nvdimm: region }, { add: { start: 8 * G, size: G } });
    expect(() => play(s, { nvdimm_move: { region: 1, start: 6 * G } })).toThrow(
      'region1 cannot move: System RAM lies in it',
    );
  });
});

test('a DIMM plugged before boot is found by the scan, which tells the firmware nothing; it can be ejected', () => {
  const session = booted('v6.1', X86);
  const [plugged, , ejected] = play(
    session,
    { device_add: { id: 'd0', start: '4G', size: '256M', node: 1, cold_plugged: true, ost: [] } },
    { write: { path: '/sys/devices/system/memory/memory32/state', value: 'online_movable' } },
    { device_del: { id: 'd0', ost: [0x84, 0] } },
  );
  expect(plugged!.operation).toBe('-device d0 0x100000000 0x10000000 node 1');
  expect(plugged!.failures).toEqual([]);
  expect(ejected!.failures).toEqual([]);
  expect(session.state.memory_block.has(32)).toBe(false);
});
