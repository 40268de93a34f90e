import { describe, expect, it } from 'vitest';
import { parseMachineFile } from './machine-file.ts';

const full = `
arch: arm64
page_size: 64K
va_bits: 48
release: v6.1
block_size: 512M
boot_options: [memhp_default_state=online, movable_node]
ram:
  - { start: 0x80000000, size: 1GiB, node: 1 }
  - start: "0x40000000"
    size: 1073741824
holes:
  - { start: 0x50000000, size: 64K }
nodes:
  - { node: 1, cpus: "2-3", distance: [20, 10, 20] }
  - { node: 0, cpus: [1, 0] }
  - node: 2
slots:
  - { slot: 0, start: 4G, size: 1G, node: 2 }
  - slot: 1
`;

describe('a machine file', () => {
  it('is a machine before boot', () => {
    expect(parseMachineFile(full, 'm.yaml')).toEqual({
      source: 'm.yaml',
      arch: 'arm64',
      page_size: 65536,
      va_bits: 48,
      release: 'v6.1',
      cmdline: 'memhp_default_state=online movable_node',
      block_size: 2 ** 29,
      ram: [
        { start: 2 ** 30, size: 2 ** 30, nid: 0 },
        { start: 2 ** 31, size: 2 ** 30, nid: 1 },
      ],
      holes: [{ start: 0x50000000, size: 65536 }],
      slots: [{ slot: 0, start: 2 ** 32, size: 2 ** 30, node: 2 }, { slot: 1 }],
      nodes: [
        { nid: 0, online: true, cpus: [0, 1] },
        { nid: 1, online: true, cpus: [2, 3], distance: [20, 10, 20] },
        { nid: 2, online: false, cpus: [] },
      ],
      missing: [],
    });
  });

  it('may name build options of its kernel, with CONFIG_ or without', () => {
    const parse = (more: string) =>
      parseMachineFile(`arch: arm64\nram: [{ start: 1G, size: 4G }]\n${more}`, 'm.yaml').config;
    const config =
      'config: { CONFIG_ACPI_HOTPLUG_MEMORY: n, DEBUG_VM: true, NODES_SHIFT: 6, ZONE_DEVICE: y }';
    const options = { ACPI_HOTPLUG_MEMORY: false, DEBUG_VM: true, NODES_SHIFT: 6, ZONE_DEVICE: true };
    expect(parse(config)).toEqual(options);
    expect(parse(`${config}\ndebug_vm: true`)).toEqual(options);
    expect(parse('debug_vm: false')).toEqual({ DEBUG_VM: false });
    expect(() => parse(`${config}\ndebug_vm: false`)).toThrow('m.yaml: line 4 debug_vm: contradicts config');
    expect(() => parse('config: { CONFIG_KASAN: y }')).toThrow(
      'm.yaml: line 3 config.CONFIG_KASAN: is not modelled: the options are ACPI_HOTPLUG_MEMORY, ARCH_MEMORY_PROBE, DEBUG_VM,',
    );
    expect(() => parse('config: { NODES_SHIFT: 11 }')).toThrow(
      'm.yaml: line 3 config.NODES_SHIFT: "11" is no value of it',
    );
    expect(() => parse('config: { DEBUG_VM: m }')).toThrow(
      'm.yaml: line 3 config.DEBUG_VM: "m" is no value of it',
    );
  });

  it('is no guest on bare metal', () => {
    const parse = (hypervisor: string) =>
      parseMachineFile(`arch: x86_64\nguest: false\n${hypervisor}ram: [{ start: 0, size: 4G }]`, 'm.yaml')
        .guest;
    expect(parse('')).toBe(false);
    expect(() => parse('hypervisor: xen\n')).toThrow('m.yaml: line 2 guest: contradicts hypervisor: xen');
  });

  it('needs an architecture and RAM, no more', () => {
    expect(parseMachineFile('{ arch: x86_64, ram: [{ start: 0, size: 4G }] }', 'm.yaml')).toEqual({
      source: 'm.yaml',
      arch: 'x86_64',
      page_size: 4096,
      ram: [{ start: 0, size: 2 ** 32, nid: 0 }],
      nodes: [{ nid: 0, online: true, cpus: [] }],
      missing: [],
    });
  });

  it.each([
    ['', 'm.yaml: is empty'],
    ['ram: [', /^m\.yaml: line 1 column 7: /],
    ['arch: arm64\narch: arm64\nram: []', 'm.yaml: line 1 column 1: key "arch" appears twice'],
    ['arch: sparc\nram: [{start: 0, size: 1G}]', 'm.yaml: line 1 arch: is not one of arm64, x86_64'],
    ['arch: arm64\nram: []', 'm.yaml: line 2 ram: is empty'],
    ['arch: arm64\nram: [{start: 0, size: 1G}]\ncolour: red', 'm.yaml: line 1: unrecognized key: "colour"'],
    [
      'arch: arm64\nram:\n- {start: 0, size: 1GB}',
      'm.yaml: line 3 ram[0].size: is not a number of bytes such as 134217728, "128M" or "0x8000000"',
    ],
    [
      'arch: arm64\nram:\n- {start: 0, size: 1G}\n- {start: 512M, size: 1G}',
      'm.yaml: line 4 ram[1]: overlaps another range',
    ],
    ['arch: arm64\nram: [{start: 4P, size: 4K}]', 'm.yaml: line 2 ram[0]: ends past 2^52'],
    [
      'arch: arm64\nram: [{start: 99999999999999999999, size: 4K}]',
      /^m\.yaml: line 2 ram\[0\]\.start: is not a number of bytes/,
    ],
    [
      'arch: arm64\nram: [{start: 100, size: 4K}]',
      'm.yaml: line 2 ram[0].start: 100 is not a multiple of the page size',
    ],
    [
      'arch: arm64\nram: [{start: 0, size: 0}]',
      'm.yaml: line 2 ram[0].size: 0 is not a multiple of the page size',
    ],
    [
      'arch: x86_64\npage_size: 64K\nram: [{start: 0, size: 1G}]',
      'm.yaml: line 2 page_size: x86_64 has no pages of 65536 bytes',
    ],
    [
      'arch: arm64\nblock_size: 0\nram: [{start: 0, size: 1G}]',
      'm.yaml: line 2 block_size: 0 is not a power of two from a page to 2^52',
    ],
    [
      'arch: arm64\nblock_size: 96M\nram: [{start: 0, size: 1G}]',
      'm.yaml: line 2 block_size: 100663296 is not a power of two from a page to 2^52',
    ],
    [
      'arch: arm64\nram: [{start: 0, size: 1G}]\nholes: [{start: 2G, size: 4K}]',
      'm.yaml: line 3 holes[0]: lies in no RAM range',
    ],
    [
      'arch: arm64\nram: [{start: 0, size: 1G}]\nslots: [{slot: 1, start: 512M, size: 1G}]',
      'm.yaml: line 3 slots[0]: overlaps RAM',
    ],
    [
      'arch: arm64\nram: [{start: 0, size: 1G}]\nslots: [{slot: 1}, {slot: 1}]',
      'm.yaml: line 3 slots[1].slot: slot 1 appears twice',
    ],
    [
      'arch: arm64\nram: [{start: 0, size: 1G}]\nnodes: [{node: 1}]',
      'm.yaml: line 3 nodes: does not list node 0, which has RAM',
    ],
    [
      'arch: arm64\nram: [{start: 0, size: 1G}]\nnodes: [{node: 0, cpus: "3-1"}]',
      'm.yaml: line 3 nodes[0].cpus: "3-1" runs backwards',
    ],
    ['arch: arm64\n--- \narch: arm64', /^m\.yaml: line \d column \d: /],
  ])('is refused with line and key: %j', (text, message) => {
    expect(() => parseMachineFile(text, 'm.yaml')).toThrow(message);
  });

  it.each([
    [
      'aliases that explode',
      `a: &a [x, x]\n${'bcdefghijklmnop'
        .split('')
        .map((c, i) => `${c}: &${c} [${`*${'abcdefghijklmnop'[i]}, `.repeat(9)}]`)
        .join('\n')}`,
    ],
    ['brackets', '['.repeat(500_000)],
    ['braces', '{a: '.repeat(200_000)],
    ['dashes', '- '.repeat(400_000)],
    ['question marks', '? '.repeat(400_000)],
    ['indentation', Array.from({ length: 1400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['many keys', Array.from({ length: 60_000 }, (_, i) => `k${i}: 1`).join('\n')],
    ['too much', 'x'.repeat(2_000_000)],
    ['an alias of itself', 'a: &a [*a]'],
  ])('is refused in bounded time: %s', (_name, text) => {
    expect(() => parseMachineFile(text, 'm.yaml')).toThrow(/^m\.yaml: [^\n]{1,300}$/);
  });
});

it('has a distance for each node', () => {
  const parse = (distance: string) =>
    parseMachineFile(
      `arch: arm64\nram: [{ start: 1G, size: 4G }]\nnodes: [{ node: 0, cpus: "0", distance: ${distance} }]`,
      'm.yaml',
    );
  expect(parse('[10]').nodes![0]!.distance).toEqual([10]);
  expect(() => parse('[10, 20]')).toThrow(
    'm.yaml: line 3 nodes[0].distance: node 0 has 2 distances, and there is 1 node',
  );
});
