import { describe, expect, it } from 'vitest';
import { isSystemRam, isZeroed, parseIomem } from './iomem.ts';

describe('/proc/iomem', () => {
  it('is entries by depth', () => {
    const text = [
      '00001000-0009fbff : System RAM',
      '100000000-13fffffff : virtio0',
      '  100000000-107ffffff : System RAM (virtio_mem)',
      '140000000-17fffffff : Persistent Memory',
      '  140000000-17fffffff : dax0.0',
      '    148000000-17fffffff : System RAM (kmem)',
      '',
    ].join('\n');
    const entries = parseIomem(text, 'x');
    expect(entries.map(({ depth, start, end, name }) => [depth, start, end, name])).toEqual([
      [0, 0x1000, 0x9fbff, 'System RAM'],
      [0, 0x100000000, 0x13fffffff, 'virtio0'],
      [1, 0x100000000, 0x107ffffff, 'System RAM (virtio_mem)'],
      [0, 0x140000000, 0x17fffffff, 'Persistent Memory'],
      [1, 0x140000000, 0x17fffffff, 'dax0.0'],
      [2, 0x148000000, 0x17fffffff, 'System RAM (kmem)'],
    ]);
    expect(entries.filter(isSystemRam)).toHaveLength(3);
    expect(isZeroed(entries)).toBe(false);
  });

  it('keeps the zeros that a reader without privilege gets', () => {
    const entries = parseIomem(
      '00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n00000000-00000000 : System RAM\n',
      'x',
    );
    expect(entries).toHaveLength(3);
    expect(isZeroed(entries)).toBe(true);
  });

  it.each([
    ['hello', 'x: proc/iomem line 1: "hello" is not "start-end : name"'],
    [
      '00001000-000fffff : a\n00002000-00001000 : b',
      'x: proc/iomem line 2: "00002000-00001000 : b" ends before it starts',
    ],
    ['00000000-10000000000000 : a', 'x: proc/iomem line 1: "00000000-10000000000000 : a" ends past 2^52'],
    [
      '00001000-00002000 : a\n    00001000-00002000 : b',
      'x: proc/iomem line 2: "    00001000-00002000 : b" is indented by 4 blanks',
    ],
    [' 00001000-00002000 : a', 'x: proc/iomem line 1: " 00001000-00002000 : a" is indented by 1 blanks'],
    [
      '00001000-00002000 : System RAM\n00002000-00003000 : System RAM',
      'x: proc/iomem line 2: "00002000-00003000 : System RAM" overlaps the System RAM before it',
    ],
  ])('refuses %j', (text, message) => {
    expect(() => parseIomem(text, 'x')).toThrow(message);
  });
});
