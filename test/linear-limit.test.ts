import { describe, expect, test } from 'vitest';
import { booted, G, last, M, play, X86 } from './kit.ts';
import { arm64, linearLines } from './tables.ts';

// Memory that the linear map cannot map: with 39 bits it covers 256G from 2G on.

const machine = arm64(4, 39);
const LIMIT = 258 * G;
const hex = (n: number): string => `0x${n.toString(16)}`;

const outside = [
  ['past the end', LIMIT, G],
  ['across the end', LIMIT - G, 2 * G],
  ['far away', 4096 * G, G],
  ['before the start', G, G],
] as const;

describe.each(outside)('%s', (_, start, size) => {
  const added = (release: string) => last(booted(release, machine), { add: { start, size, expect: 'any' } });

  test.each(['v5.2', 'v5.3', 'v5.4', 'v5.7', 'arm64-v6'])(
    '%s: nobody asks, and other regions are mapped (B43)',
    (release) => {
      const { result, failures } = added(release);
      expect(result).toBe('success');
      expect(failures.map(({ text }) => text)).toContainEqual(
        expect.stringMatching(/^linear: 0x[0-9a-f]+-0x[0-9a-f]+ has a section and is not mapped$/),
      );
    },
  );

  test('v5.10: EINVAL', () => {
    const { result, messages, failures } = added('v5.10');
    expect(result).toBe('EINVAL');
    const range = `${start.toString(16)} ${(start + size).toString(16)}`;
    expect(messages).toEqual([`[${range}] is outside linear mapping region`]);
    expect(failures).toEqual([]);
  });

  test.each(['v6.1', 'v6.12', 'v7.2'])('%s: E2BIG', (release) => {
    const { result, messages, failures } = added(release);
    expect(result).toBe('E2BIG');
    const range = `${hex(start)}-${hex(start + size)}`;
    expect(messages).toEqual([
      `Hotplug memory [${range}] exceeds maximum addressable range [0x80000000-0x407fffffff]`,
    ]);
    expect(failures).toEqual([]);
  });
});

describe.each(['v5.10', 'v6.1', 'v6.12', 'v7.2'])('%s', (release) => {
  test('the last block is accepted and goes without a trace', () => {
    const session = booted(release, machine);
    const size = session.kernel.c.memory_block_size_bytes;
    const range = { start: LIMIT - size, size };
    expect(play(session, { add: { ...range, node: 1 } })[0]!.failures).toEqual([]);
    expect(linearLines(session, range.start, size)).toEqual([`${size / 4096} x 4K`]);
    // the constructor never ran for the memmap's table (B36)
    const known = release === 'v7.2' ? ['tables: NR_PAGETABLE is -1, 0 table pages are constructed'] : [];
    const outcomes = play(session, { touch: range }, { remove: range });
    expect(outcomes.flatMap((o) => o.failures.map(({ text }) => text))).toEqual(known);
    expect(linearLines(session, range.start, size)).toEqual([]);
  });
});

test.each(['v6.1', 'v6.12', 'v7.2'])('%s: a size of 0 is past the end', (release) => {
  const { result, messages } = last(booted(release, machine), {
    add: { start: 8 * G, size: 0, expect: 'any' },
  });
  expect(result).toBe('E2BIG');
  expect(messages).toEqual([
    'Hotplug memory [0x200000000-0x200000000] exceeds maximum addressable range [0x80000000-0x407fffffff]',
  ]);
});

test('what is touched there oopses', () => {
  const session = booted('v5.7', machine);
  const [, outcome] = play(
    session,
    { add: { start: 8 * G, size: G, node: 1 } },
    { touch: { start: 9 * G, size: 2 * M, expect: 'BUG' } },
  );
  expect(outcome!.messages.slice(0, 3)).toEqual([
    'Unable to handle kernel paging request at virtual address ffffff81c0000000',
    '  ESR = 0x96000045',
    '[ffffff81c0000000] pgd=0000000000000000',
  ]);
});

describe('past what a pfn can say on x86_64, 46 bits', () => {
  const added = (release: string) =>
    last(booted(release, X86), { add: { start: 2 ** 46, size: 128 * M, expect: 'any' } });
  const addressable =
    'Hotplugged memory exceeds maximum addressable address, range=0x400000000000-0x400007ffffff, maximum=0x7fffffffffff';

  test.each(['v5.2', 'v5.3', 'v5.4'])(
    '%s: nobody asks, and mem_section[] is read behind its end',
    (release) => {
      const { result, failures } = added(release);
      expect(result).toBe('BUG');
      expect(failures.map(({ text }) => text)).toContainEqual(
        expect.stringContaining('mem_section[2048] is read, and mem_section[] has 2048 entries'),
      );
    },
  );

  test.each(['v5.7', 'v5.10'])('%s: E2BIG and a warning', (release) => {
    const { result, failures } = added(release);
    expect(result).toBe('E2BIG');
    expect(failures.map(({ text }) => text)).toContainEqual(expect.stringContaining(addressable));
  });

  // private memory needs no linear map, but its struct pages lie past the end of the region of the memmap
  test.each(['v6.1', 'v7.2'])('%s: E2BIG; struct pages of private memory cannot be reached', (release) => {
    expect(added(release).result).toBe('E2BIG');
    const session = booted(release, machine);
    const range = { start: 200 * 1024 * G, size: 128 * M };
    const { result, messages } = last(session, { memremap: { ...range, as: 'private', expect: 'any' } });
    expect([result, messages[0]]).toEqual(['BUG', 'WARNING at vmemmap_populate']);
    expect(messages).toContainEqual(
      expect.stringMatching(/^Unable to handle kernel paging request at virtual address [0-9a-f]{16}$/),
    );
    expect(last(session, { memremap: { start: 100 * 1024 * G, size: 128 * M, expect: 'any' } }).result).toBe(
      'EINVAL',
    );
  });
});
