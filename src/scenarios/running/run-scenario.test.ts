import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { booted, G, M, play, runText, X86 } from '../../../test/kit.ts';
import { BadOperation } from '../../errors/bad-operation.ts';
import { ImpossibleMachine } from '../../errors/impossible-machine.ts';
import { InputError } from '../../errors/input-error.ts';
import { mainline } from '../../releases/index.ts';

/** Odd sizes, but not so large that the kernel itself would loop for minutes. */
const place = fc.constantFrom<number | string>(
  ...[
    0,
    1,
    4095,
    4096,
    4097,
    64 * M,
    G,
    5 * G,
    5 * G + 1,
    2 ** 40,
    2 ** 46,
    2 ** 47,
    2 ** 52 - 128 * M,
    2 ** 52,
  ],
  ...['128M', '0x140000000', '0xffffffffffffffff'],
);
const length = fc.constantFrom<number | string>(
  ...[0, 1, 4096, 64 * M, 128 * M, 128 * M + 1, G, 8 * G],
  '4P',
);
const blocks = fc.constantFrom<number | string>(
  ...[0, 1, 7, 8, 15, 40, 41, 1023, 1024, 999_999_999, 2 ** 32, 2 ** 45, Number.MAX_SAFE_INTEGER],
  ...['memory0', '0..15', '8..47', '15..0', '0..9999999', '0..999999999', 'memory40..memory41'],
);
const node = fc.constantFrom(0, 1, 2, 3, 7, 8, 255, 1023);
const id = fc.constantFrom('a', 'b');
const any = { expect: 'any' };
const range = fc.record({ start: place, size: length });
const step = fc.oneof(
  fc.tuple(range, node).map(([r, n]) => ({ add: { ...r, node: n, ...any } })),
  fc
    .tuple(range, node, fc.constantFrom('System RAM (kmem)', 'System RAM ()', 'x', 'System RAM'))
    .map(([r, n, name]) => ({ add_driver_managed: { ...r, node: n, name, ...any } })),
  range.map((r) => ({ remove: { ...r, ...any } })),
  range.map((r) => ({ offline_and_remove: { ...r, ...any } })),
  fc
    .tuple(fc.constantFrom('online', 'online_kernel', 'online_movable', 'offline'), blocks)
    .map(([kind, b]) => ({ [kind]: { blocks: b, ...any } })),
  fc.tuple(id, range, node).map(([i, r, n]) => ({ device_add: { id: i, ...r, node: n, ...any } })),
  id.map((i) => ({ device_del: { id: i, ...any } })),
  fc.tuple(range, node).map(([r, n]) => ({ pin: { ...r, node: n, ...any } })),
  fc.constant({ unpin: {} }),
  fc
    .tuple(
      range,
      fc.constantFrom(
        'movable',
        'unmovable',
        'free',
        'hugepage',
        'hugepage_free',
        'offline',
        'offline_ref',
        'hwpoison',
      ),
    )
    .map(([r, as]) => ({ use: { ...r, as } })),
  fc
    .constantFrom('memory_block', 'usemap', 'pgdat', 'node_device', 'nonsense')
    .map((site) => ({ fail: { site, times: 3 } })),
  range.map((r) => ({ lose_resource: r })),
  fc.constantFrom('booting', 'running').map((state) => ({ system_state: { state } })),
  fc
    .tuple(
      fc.constantFrom(
        '/sys/devices/system/memory/memory8/state',
        '/sys/devices/system/memory/memory40/online',
        '/sys/devices/system/memory/auto_online_blocks',
        '/sys/module/memory_hotplug/parameters/online_policy',
        '/sys/module/memory_hotplug/parameters/auto_movable_ratio',
        '/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_ONLINE/error',
        '/proc/iomem',
        '/nowhere',
      ),
      fc.constantFrom('', '0', '1', '-12', '5', '-99999', 'online', 'auto-movable', 'online_movable', '\n'),
    )
    .map(([path, value]) => ({ write: { path, value, ...any } })),
  fc.constant({ expect: { path: '/sys/devices/system/memory/memory40/valid_zones', text: null } }),
);
const RUNS = 300;

const machine = fc.record({
  arch: fc.constantFrom('x86_64', 'arm64'),
  ram: fc.constantFrom<unknown>(
    [{ start: 0, size: '2G' }],
    [{ start: '1G', size: 4096 }],
    [
      { start: '5G', size: '64M' },
      { start: '6G', size: '128M', node: 1 },
    ],
  ),
  nodes: fc.constant([{ node: 0, cpus: '0' }, { node: 1 }, { node: 2 }]),
  boot_options: fc.constantFrom(
    '',
    'movable_node',
    'memory_hotplug.memmap_on_memory=1',
    'memhp_default_state=online_movable',
  ),
  page_size: fc.oneof({ weight: 8, arbitrary: fc.constant('4K') }, fc.constantFrom('16K', '64K')),
  block_size: fc.oneof(
    { weight: 8, arbitrary: fc.constant(undefined) },
    fc.constantFrom('128M', '256M', '2G', '4K'),
  ),
  debug_vm: fc.boolean(),
});

describe('a scenario that can be read', () => {
  const allowed = [BadOperation, ImpossibleMachine, InputError];

  test.each(mainline.map(({ name }) => name))('%s: runs, or says in one line why it cannot', (release) => {
    let ran = 0;
    fc.assert(
      fc.property(machine, fc.array(step, { minLength: 1, maxLength: 6 }), (m, steps) => {
        try {
          for (const outcome of runText(
            stringify({ machine: m, release, steps }, { keepUndefined: false }),
          )) {
            expect(outcome.operation).toMatch(/^[^\n]+$/);
            expect(outcome.result).toMatch(/^(success|E[A-Z0-9]+|BUG|deadlock|differs|\d+)$/);
          }
          ran++;
        } catch (error) {
          if (!allowed.some((kind) => error instanceof kind)) throw error;
          expect((error as Error).message).toMatch(/^[^\n]+$/);
        }
      }),
      { seed: 21, numRuns: RUNS },
    );
    expect(ran).toBeGreaterThan(RUNS / 4);
  });
});

describe('what cannot be done as written', () => {
  const machine = { arch: 'x86_64', ram: [{ start: 0, size: '1G' }] };
  test.each([
    [{ online: '5..4' }, '5..4 is not a range of blocks'],
    [{ online: '0..999999999' }, '0..999999999 is not a range of blocks'],
    [{ add: { start: '8P', size: '1G' } }, '8P is past 2^52'],
    [{ add: { start: '4P', size: '128M' } }, '0x10000000000000+0x8000000 ends past 2^52'],
    [{ use: { start: '0xffffffffffffffff', size: 1, as: 'free' } }, '0xffffffffffffffff is past 2^52'],
    [{ write: { path: '/proc/nothing', value: '' } }, '/proc/nothing: no such file in the modelled kernel'],
  ])('%j', (step, what) => {
    const text = stringify({ machine, release: 'v6.1', steps: [{ unpin: {} }, step] });
    expect(() => runText(text)).toThrow(new BadOperation(`scenario.yaml: line 9 steps[1]: ${what}`));
  });
});

describe('a step on many blocks', () => {
  test('stops at the first refusal', () => {
    const session = booted('v6.1', X86);
    play(session, { add: { start: '5G', size: '256M', node: 1 } });
    const [outcome] = play(session, { online_movable: '40..44' });
    expect(outcome).toMatchObject({
      operation: 'echo online_movable > /sys/devices/system/memory/memory40/state … (5 blocks)',
      result: 'ENOENT',
      changes: [
        'memory40..41: offline -> online Movable',
        'node1: without memory -> with memory',
        'node 1 zone Movable: new, start_pfn 1310720 spanned 65536 present 65536',
      ],
    });
  });

  test('a range far longer than the blocks there are', () => {
    const [outcome] = play(booted('v6.1', X86), {
      offline: { blocks: '100..9999999', expect: 'ENOENT' },
    });
    expect(outcome!.failures).toEqual([]);
  });
});

describe('what is held against a step', () => {
  test('its result, its message, its OST codes, a file', () => {
    const session = booted('v6.1', X86);
    const outcomes = play(
      session,
      { add: { start: '5G', size: '64M', message: 'unaligned' } },
      { add: { start: '5G', size: '64M', expect: 'EINVAL', message: 'aligned hotplug' } },
      { device_add: { id: 'd', start: '5G', size: '128M', ost: [1], message: 'nothing' } },
      { expect: { path: '/sys/devices/system/memory/memory40/state', text: 'online' } },
      { expect: { path: '/sys/devices/system/memory/memory99/state', text: null } },
    );
    expect(outcomes.map(({ failures }) => failures.map(({ text }) => text))).toEqual([
      ['result is EINVAL, expected success'],
      [],
      ['OST codes are 0, expected 1', 'no message says "nothing"'],
      ['/sys/devices/system/memory/memory40/state reads "offline\\n", expected "online"'],
      [],
    ]);
    expect(outcomes.map(({ unexpected }) => unexpected)).toEqual([true, false, true, true, false]);
  });

  test('an armed notifier error is 0 or a negative errno', () => {
    const path = '/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_ONLINE/error';
    const results = ['-12', '0', '-4095', '5', '-4096', '', 'x'].map(
      (value) => play(booted('v6.1', X86), { write: { path, value, expect: 'any' } })[0]!.result,
    );
    expect(results).toEqual(['success', 'success', 'success', 'EINVAL', 'EINVAL', 'EINVAL', 'EINVAL']);
  });
});
