import { describe, expect, it } from 'vitest';
import { parseMemblock } from './memblock.ts';

const parse = (text: string) => parseMemblock(text, 'x', 'memory');

describe('memblock in debugfs', () => {
  it('is regions, in the old format', () => {
    expect(
      parse('   0: 0x0000000004000000..0x0000000007ffffff\n   1: 0x0000000040000000..0x000000005c43ffff\n'),
    ).toEqual([
      { start: 0x4000000, end: 0x7ffffff },
      { start: 0x40000000, end: 0x5c43ffff },
    ]);
  });

  it('is regions with node and flag from v6.3 on', () => {
    const text = [
      '   0: 0x0000000004000000..0x0000000007ffffff    0 NOMAP',
      '   1: 0x0000000040000000..0x000000005c43ffff    1 NONE',
      '   2: 0x0000000060000000..0x0000000060000fff    x RSV_KERN',
    ].join('\n');
    expect(parse(text)).toEqual([
      { start: 0x4000000, end: 0x7ffffff, nid: 0, flags: ['NOMAP'] },
      { start: 0x40000000, end: 0x5c43ffff, nid: 1, flags: [] },
      { start: 0x60000000, end: 0x60000fff, flags: ['RSV_KERN'] },
    ]);
  });

  it.each([
    ['   0: 4000000..7ffffff', 'x: memory line 1: "   0: 4000000..7ffffff" is not "index: 0xstart..0xend"'],
    ['   1: 0x0..0x1', 'x: memory line 1: "   1: 0x0..0x1" should have index 0'],
    ['   0: 0x2..0x1', 'x: memory line 1: "   0: 0x2..0x1" ends before it starts'],
    ['   0: 0x0..0x10000000000000', 'x: memory line 1: "   0: 0x0..0x10000000000000" ends past 2^52'],
    ['   0: 0x0..0x5\n   1: 0x5..0x6', 'x: memory line 2: "   1: 0x5..0x6" overlaps the region before it'],
  ])('refuses %j', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
