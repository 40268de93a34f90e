import { describe, expect, it } from 'vitest';
import { isDmesg, parseDmesg } from './dmesg.ts';

const X86 = `[    0.000000] Linux version 6.1.0-56-amd64 (a@b) (gcc-12 (Debian 12.2.0-14) 12.2.0) #1 SMP
[    0.000000] Command line: BOOT_IMAGE=/vmlinuz root=/dev/sda1 movable_node
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
[    0.012345] Early memory node ranges
[    0.012345]   node   0: [mem 0x0000000000001000-0x000000000009efff]
[    0.012345]   node   0: [mem 0x0000000000100000-0x000000007ffdbfff]
[    0.012346]   node   1: [mem 0x0000000100000000-0x000000017fffffff]
[    0.012346] Initmem setup node 0 [mem 0x0000000000001000-0x000000007ffdbfff]
[    0.500000] x86/mm: Memory block size: 128MB
`;

const EXPECTED = {
  arch: 'x86_64',
  release: '6.1.0-56-amd64',
  cmdline: 'BOOT_IMAGE=/vmlinuz root=/dev/sda1 movable_node',
  block_size: 2 ** 27,
  ram: [
    { start: 0x1000, size: 0x9e000, nid: 0 },
    { start: 0x100000, size: 0x7fedc000, nid: 0 },
    { start: 0x1_0000_0000, size: 0x8000_0000, nid: 1 },
  ],
};

describe('the messages of a boot', () => {
  it.each([
    ['dmesg', X86],
    ['dmesg with CRLF', X86.replaceAll('\n', '\r\n')],
    ['dmesg -r', X86.replaceAll(/^\[/gm, '<6>[')],
    ['dmesg -T', X86.replaceAll(/^\[[ .\d]*\]/gm, '[Mon Jun  1 10:00:00 2026]')],
    ['the journal', X86.replaceAll(/^\[[ .\d]*\]/gm, 'Jun 01 10:00:00 host kernel:')],
    ['a console with thread ids', X86.replaceAll(/^(\[[ .\d]*\])/gm, '$1[    T0]')],
  ])('as %s give RAM by node, release, command line and block size', (_, text) => {
    expect(isDmesg(text)).toBe(true);
    expect(parseDmesg(text)).toEqual(EXPECTED);
  });

  it('give the page size by the pages of a node, and arm64 by its first line', () => {
    const text = [
      'Booting Linux on physical CPU 0x0000000000 [0x413fd0c1]',
      'Linux version 6.12.5 (a@b) #1 SMP',
      'Early memory node ranges',
      '  node   0: [mem 0x0000000040000000-0x000000007fffffff]',
      'On node 0 totalpages: 16384',
    ].join('\n');
    expect(parseDmesg(text)).toEqual({
      arch: 'arm64',
      release: '6.12.5',
      page_size: 65_536,
      ram: [{ start: 2 ** 30, size: 2 ** 30, nid: 0 }],
    });
  });

  it('name an architecture that is not modelled', () => {
    expect(parseDmesg('Linux version 5.14.0-70.el9.ppc64le (x) #1\n').arch).toBe('ppc64le');
  });

  it('are nothing else', () => {
    expect(isDmesg('arch: x86_64\n')).toBe(false);
    expect(isDmesg('[ 12.0] usb 1-1: new device\n')).toBe(false);
  });
});
