import { describe, expect, test } from 'vitest';
import { ARM64, booted, cat, G, last, type MachineObject, memory, must, X86 } from '../../../../test/kit.ts';

/** Kernels without CONFIG_MEMORY_HOTREMOVE: memory is added and put online, and stays. */

const built = (machine: MachineObject): MachineObject => ({
  ...machine,
  config: { MEMORY_HOTREMOVE: false },
});
const dimm = { start: 8 * G, size: G };

const WITHOUT = [
  ['v5.2', ARM64, 'success'],
  ['v5.3', ARM64, 'EBUSY'],
  ['v5.4', ARM64, 'EBUSY'],
  ['v5.4', built(X86), 'EBUSY'],
  ['v6.1', built(ARM64), 'EBUSY'],
  ['v7.2', built(X86), 'EBUSY'],
] as const;

describe.each(WITHOUT)('%s, %o', (release, machine, removal) => {
  const session = () => {
    const s = booted(release, machine);
    must(s, { add: dimm });
    const block = dimm.start / s.kernel.c.memory_block_size_bytes;
    return { s, block };
  };

  test('a block goes online, is not removable, and does not go offline', () => {
    const { s, block } = session();
    must(s, { online: `memory${block}` });
    expect(cat(s, memory(block, 'removable'))).toBe('0\n');
    expect(last(s, { offline: `memory${block}` })).toMatchObject({ result: 'EINVAL', messages: [] });
    expect(cat(s, memory(block, 'state'))).toBe('online\n');
  });

  test('remove_memory() is a stub: void before v5.3', () => {
    const { s, block } = session();
    expect(last(s, { remove: dimm }).result).toBe(removal);
    expect(cat(s, memory(block, 'state'))).toBe('offline\n');
  });

  test('there is no ZONE_DEVICE', () => {
    const { s } = session();
    expect(() => last(s, { memremap: { start: 32 * G, size: G } })).toThrow('has no ZONE_DEVICE');
  });
});

test('removable of a block that is offline: 1 in v5.3, which looks for pages, 0 from v5.4 on', () => {
  const offline = (release: string, machine: MachineObject) => {
    const s = booted(release, machine);
    must(s, { add: dimm });
    return cat(s, memory(dimm.start / s.kernel.c.memory_block_size_bytes, 'removable'));
  };
  expect(offline('v5.3', ARM64)).toBe('1\n');
  expect(offline('v5.4', ARM64)).toBe('0\n');
  expect(offline('v6.1', built(ARM64))).toBe('0\n');
});

test('arm64 has it from v5.7 on, and with V6; memory goes offline and away', () => {
  for (const release of ['arm64-v6', 'v5.7', 'v6.1']) {
    const s = booted(release, ARM64);
    const block = dimm.start / s.kernel.c.memory_block_size_bytes;
    must(s, { add: dimm }, { online: `memory${block}` }, { offline: `memory${block}` }, { remove: dimm });
    expect(cat(s, memory(block, 'state'))).toBe(null);
  }
});

test('offline_and_remove_memory() and virtio-mem are not built without it', () => {
  const s = booted('v6.1', built(X86));
  expect(() => last(s, { offline_and_remove: dimm })).toThrow('has no offline_and_remove_memory');
  expect(() => last(s, { virtio_mem: { device: 0, start: 8 * G, size: G } })).toThrow(
    'is built without virtio-mem',
  );
});
