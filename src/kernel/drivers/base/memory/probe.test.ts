import { expect, test } from 'vitest';
import { ARM64, booted, cat, G, M, memory, play, X86 } from '../../../../../test/kit.ts';

const PROBE = '/sys/devices/system/memory/probe';
const CONFIG = { ARCH_MEMORY_PROBE: true };
const AT = 0x680000000;

const write = (value: string) => ({ write: { path: PROBE, value, expect: 'any' } });

test('the log of V6: the second write after a removal is a BUG without patch 1', () => {
  const twice = (release: string) => {
    const s = booted(release, { ...ARM64, config: CONFIG });
    const [first] = play(s, write('0x680000000'));
    play(s, { online_movable: 26 }, { offline: 26 }, { remove: { start: AT, size: G } });
    const [second] = play(s, write('0x680000000'));
    return { first: [first!.result, ...first!.messages], second: [second!.result, ...second!.messages] };
  };
  const unknown = 'NUMA: Unknown node for memory at 0x680000000, assuming node 0';
  const base = twice('arm64-v6-base');
  expect(base.first).toEqual(['success', unknown]);
  expect(base.second.slice(0, 2)).toEqual(['BUG', unknown]);
  expect(base.second[2]).toContain('add_memory_resource');
  expect(twice('arm64-v6')).toEqual({ first: ['success', unknown], second: ['success', unknown] });
});

test('from v5.10 on arm64 says once per boot that it does not know the node, x86 never', () => {
  const said = (release: string, machine: object) => {
    const s = booted(release, { ...machine, config: CONFIG });
    return [8 * G, 9 * G].flatMap((start) => play(s, write(String(start)))[0]!.messages);
  };
  expect(said('v5.10', ARM64)).toEqual(['Unknown online node for memory at 0x200000000, assuming node 0']);
  expect(said('v6.1', X86)).toEqual([]);
});

test('a block at a time, where a block begins; twice without a removal is refused', () => {
  const s = booted('v6.1', { ...X86, config: CONFIG });
  const results = [`0x${(8 * G).toString(16)}`, String(8 * G), String(8 * G + 64 * M), 'x'].map(
    (value) => play(s, write(value))[0]!.result,
  );
  expect(results).toEqual(['success', 'EEXIST', 'EINVAL', 'EINVAL']);
  expect(cat(s, memory(64, 'state'))).toBe('offline\n');
  expect(cat(s, memory(65, 'state'))).toBe(null);
});

test('the file is there only where it is built in', () => {
  const s = booted('v6.1', X86);
  expect(() => play(s, write('0x200000000'))).toThrow('no such file in the modelled kernel');
});
