import { expect, test } from 'vitest';
import { ARM64, booted, cat, withOptions, X86 } from '../../test/kit.ts';
import { parseMachineFile } from '../machines/machine-file/machine-file.ts';
import { findRelease } from '../releases/index.ts';
import { boot } from './boot.ts';

const SIZE = '/sys/devices/system/memory/block_size_bytes';
const blockSize = (release: string, machine: object, size: string) =>
  cat(booted(release, { ...X86, ...machine, ram: [{ start: 0, size }] }), SIZE)?.trim();

test.each(['v5.2', 'v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'])(
  '%s: the size of a memory block of x86 depends on the end of RAM, and on bare metal from v5.9',
  (release) => {
    const later = !['v5.2', 'v5.4', 'v5.7'].includes(release);
    for (const machine of [{}, { guest: true }, { guest: false }]) {
      expect(blockSize(release, machine, '63G')).toBe('8000000');
      expect(blockSize(release, machine, '64G')).toBe('80000000');
    }
    expect(blockSize(release, {}, '65G')).toBe('40000000');
    expect(blockSize(release, { guest: true }, '66432M')).toBe('8000000');
    expect(blockSize(release, { guest: false }, '66432M')).toBe(later ? '80000000' : '8000000');
  },
);

const config = (release: string, machine: object, options: object) =>
  booted(release, { ...machine, config: options }).kernel.c;

test('the alignment of CXL windows bounds memory blocks of x86-64: 7.2', () => {
  const machine = parseMachineFile(
    'arch: x86_64\nguest: false\nram: [{ start: 0, size: 2G }, { start: 4G, size: 67840M }]\n',
    'm.yaml',
  );
  const window = { id: 0, interleave_ways: 1, interleave_granularity: 256 };
  const size = (release: string, ...ranges: readonly (readonly [start: number, size: number])[]) => {
    const windows = ranges.map(([start, long]) => ({
      ...window,
      start: start * 2 ** 28,
      size: long * 2 ** 28,
    }));
    const { kernel } = boot({ ...machine, cxl: { windows, regions: [] } }, findRelease(release)!);
    return kernel.c.memory_block_size_bytes / 2 ** 20;
  };
  expect(size('v7.2')).toBe(2048);
  expect(size('v7.2', [512, 8])).toBe(256);
  expect(size('v7.2', [512, 8], [521, 4])).toBe(256);
  expect(size('v6.12', [512, 8])).toBe(2048);
});

test('build options take effect', () => {
  expect(booted('v6.1', ARM64).kernel.c.rodata_full).toBe(true);
  expect(config('v6.1', ARM64, { RODATA_FULL_DEFAULT_ENABLED: 'n' }).rodata_full).toBe(false);
  const full = { ...withOptions(ARM64, 'rodata=full'), config: { RODATA_FULL_DEFAULT_ENABLED: 'n' } };
  expect(booted('v6.1', full).kernel.c.rodata_full).toBe(true);
  const kfence = { KFENCE: 'y', KFENCE_SAMPLE_INTERVAL: 0 } as const;
  const off = { ...withOptions(ARM64, 'rodata=off'), config: kfence };
  expect(booted('v6.12', withOptions(ARM64, 'rodata=off')).kernel.c.can_set_direct_map).toBe(false);
  expect(booted('v6.12', off).kernel.c.can_set_direct_map).toBe(true);
  expect(booted('v6.12', { ...off, config: { KFENCE: 'y' } }).kernel.c.can_set_direct_map).toBe(false);
  const early = { ...withOptions(ARM64, 'rodata=off kfence.sample_interval=1'), config: kfence };
  expect(booted('v6.12', early).kernel.c.can_set_direct_map).toBe(false);
  expect(config('v6.1', ARM64, { NODES_SHIFT: 6 }).MAX_NUMNODES).toBe(64);
  expect(config('v6.1', X86, { ZONE_DEVICE: 'n' }).zones).toEqual(['DMA', 'DMA32', 'Normal', 'Movable']);
  expect(config('v6.1', X86, { MHP_MEMMAP_ON_MEMORY: 'n' }).parameters).not.toContain('memmap_on_memory');
  const onMemory = {
    ...withOptions(X86, 'memory_hotplug.memmap_on_memory=Y'),
    config: { MHP_MEMMAP_ON_MEMORY: 'n' },
  };
  expect(booted('v6.1', onMemory).kernel.c.memmap_on_memory).toBe(false);
});

test('what new blocks become by default: build option, then boot option', () => {
  const auto = '/sys/devices/system/memory/auto_online_blocks';
  const value = (options: object, words = '') =>
    cat(booted('v7.2', { ...withOptions(X86, words), config: options }), auto)?.trim();
  expect(value({})).toBe('offline');
  expect(value({ MHP_DEFAULT_ONLINE_TYPE_ONLINE_MOVABLE: 'y' })).toBe('online_movable');
  expect(value({ MHP_DEFAULT_ONLINE_TYPE_ONLINE_KERNEL: 'y' })).toBe('online_kernel');
  expect(value({ MEMORY_HOTPLUG_DEFAULT_ONLINE: 'y' })).toBe('online');
  expect(value({ MEMORY_HOTPLUG_DEFAULT_ONLINE: 'y' }, 'memhp_default_state=offline')).toBe('offline');
});
