import { describe, expect, it } from 'vitest';
import type { Block } from '../machine.ts';
import { against, architectureIn, assumeArchitecture, type Evidence } from './architecture.ts';

const M = 2 ** 20;
const G = 2 ** 30;

const block = (id: number, ...zones: readonly string[]): Block => ({
  id,
  state: 'online',
  valid_zones: zones,
  nids: [0],
});
const seen = (blockSize: number, ...blocks: readonly Block[]): Evidence => ({
  zones: undefined,
  blocks,
  block_size: blockSize,
  page_size: undefined,
});
const name = (evidence: Evidence): string => assumeArchitecture(evidence, 'x').arch;

describe('the architecture that a text names', () => {
  it.each([
    ['Linux host 6.1.0-56-amd64 #1 SMP x86_64 GNU/Linux', 'x86_64'],
    ['5.14.0-503.el9.aarch64', 'arm64'],
    ['4.18.0-348.el8.s390x', 's390x'],
    ['5.14.0-70.el9.ppc64le', 'ppc64le'],
    ['6.6.0-riscv64', 'riscv64'],
    ['6.1.0-13-686-pae', 'i686'],
    ['6.1.0-13-armmp', 'arm'],
    ['5.14.21-150500.55-default', undefined],
  ])('%s', (text, expected) => expect(architectureIn(text)).toBe(expected));
});

describe('the architecture that blocks and zones allow', () => {
  it('x86-64 first, if nothing speaks against it', () => {
    const evidence = seen(128 * M, block(0, 'none'), block(1, 'DMA32'), block(32, 'Normal'));
    expect(assumeArchitecture(evidence, 'x')).toEqual({
      arch: 'x86_64',
      note: 'no uname: the architecture is unknown, x86_64 is assumed',
    });
  });

  it('a DMA zone at 1 TiB is no x86-64', () => {
    expect(assumeArchitecture(seen(128 * M, block(8192, 'DMA')), 'x')).toEqual({
      arch: 'arm64',
      note: 'no uname: the architecture is unknown, arm64 is assumed: zone DMA of x86_64 ends at 0x1000000, but memory8192 at 0x10000000000 is in it',
    });
  });

  it('a DMA32 zone from 4 GiB on is no x86-64, nor are blocks of 64M or, below 64 GiB, of 512M', () => {
    expect(name(seen(128 * M, block(32, 'DMA32')))).toBe('arm64');
    expect(name(seen(512 * M, block(0, 'Normal')))).toBe('arm64');
    expect(name(seen(512 * M, block(0, 'none'), block(127, 'Normal')))).toBe('x86_64');
    expect(against('x86_64', seen(64 * M))).toBe(
      'memory blocks of x86_64 have 128M to 2G, not 0x4000000 bytes',
    );
  });

  it('zones that count pages of 16K or 64K are no x86-64', () => {
    expect(name({ ...seen(128 * M, block(0, 'Normal')), page_size: 16_384 })).toBe('arm64');
  });

  it('a zone of zoneinfo counts like one of a block', () => {
    const zone = { nid: 0, name: 'DMA', start_pfn: 2 ** 28, spanned: 9, present: 9, managed: 9, free: 0 };
    expect(name({ ...seen(128 * M), zones: [zone] })).toBe('arm64');
  });

  it.each([
    ['s390x or ppc64', seen(256 * M, block(0, 'DMA'), block(7, 'DMA', 'Normal'), block(8, 'Normal'))],
    ['ppc64', seen(256 * M, block(0, 'DMA'), block(64, 'DMA'))],
    ['ppc64', seen(16 * M, block(0, 'Normal'))],
  ])('%s is refused by name', (what, evidence) => {
    expect(() => assumeArchitecture(evidence, 'x')).toThrow(`x: is of ${what}, which is not modelled: `);
  });

  it('an arm64 block of 1G is of a kernel before v5.12, not of another architecture', () => {
    expect(against('arm64', seen(G))).toBeUndefined();
  });
});
