import { UserError } from '../../errors/user-error.ts';
import { regionOf } from '../../geometry/layout.ts';
import { layout } from '../../geometry/layouts.ts';
import { translation } from '../../geometry/translation.ts';
import type { Guest } from '../guest/guest.ts';
import { configValue } from '../kernel/guest-kernel.ts';
import { AddressSpace } from '../memory/address-space.ts';
import { type Arm64Geometry, arm64Tables } from '../memory/arm64-tables.ts';
import { X86_DIRECT_MAP } from '../memory/linear-address.ts';
import { memmapText, sections, sectionText } from '../memory/sections.ts';
import { type X86Geometry, x86Leaves, x86TableText } from '../memory/x86-tables.ts';

/** What is read from the guest's memory without its help: it works with a guest that has crashed, too. */

const K = 2n ** 64n;

/** asm/page_64_types.h, asm/pgtable_64_types.h: without KASLR. */
const X86_LAYOUTS = {
  4: {
    direct: X86_DIRECT_MAP[4],
    direct_end: 0xffffc88000000000n,
    vmemmap: 0xffffea0000000000n,
    vmemmap_end: 0xffffeb0000000000n,
  },
  5: {
    direct: X86_DIRECT_MAP[5],
    direct_end: 0xff91000000000000n,
    vmemmap: 0xffd4000000000000n,
    vmemmap_end: 0xffd6000000000000n,
  },
} as const;

function arm64Geometry({ info, symbols, kernel }: Guest): Arm64Geometry {
  const root = info.number('SYMBOL(swapper_pg_dir)') ?? symbols.get('swapper_pg_dir');
  const offset = info.number('NUMBER(kimage_voffset)');
  const t1sz = info.number('NUMBER(TCR_EL1_T1SZ)');
  const pageSize = info.number('PAGESIZE');
  if (root === undefined || offset === undefined || pageSize === undefined)
    throw new UserError('the kernel has no vmcoreinfo: its page tables cannot be found');
  const vaBits = t1sz === undefined ? Number(info.number('NUMBER(VA_BITS)') ?? 48n) : 64 - Number(t1sz);
  const pa52 =
    configValue(kernel, 'ARM64_PA_BITS') === '52' &&
    (pageSize === 65536n || configValue(kernel, 'ARM64_LPA2') === 'y');
  return {
    page_size: Number(pageSize),
    va_bits: vaBits,
    root: Number(BigInt.asUintN(64, root - offset)),
    pa52,
  };
}

function x86Geometry({ info }: Guest): X86Geometry {
  const root = info.number('SYMBOL(swapper_pg_dir)');
  const base = info.number('NUMBER(phys_base)');
  if (root === undefined || base === undefined)
    throw new UserError('the kernel has no vmcoreinfo: its page tables cannot be found');
  return {
    root: Number(root - 0xffffffff80000000n + base),
    levels: info.number('NUMBER(pgtable_l5_enabled)') === 1n ? 5 : 4,
  };
}

/** The zones of a build, in order (include/linux/mmzone.h). */
const zonesOf = ({ kernel }: Guest): readonly string[] => [
  ...(configValue(kernel, 'ZONE_DMA') === 'n' ? [] : ['DMA']),
  ...(configValue(kernel, 'ZONE_DMA32') === 'n' ? [] : ['DMA32']),
  'Normal',
  'Movable',
  ...(configValue(kernel, 'ZONE_DEVICE') === 'y' ? ['Device'] : []),
];

const hex = (n: bigint): string => `0x${n.toString(16)}`;
const pretty = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

/** What machine.json says of the kernel's addresses. */
export function geometryOf(guest: Guest): unknown {
  if (guest.kernel.arch === 'x86_64') return { levels: x86Geometry(guest).levels, page_size: 4096 };
  const { page_size, va_bits, root } = arm64Geometry(guest);
  return { page_size, va_bits, root: hex(BigInt(root)) };
}

interface Space {
  /** The page tables. */
  readonly files: ReadonlyMap<string, string>;
  readonly space: AddressSpace;
  readonly vmemmap: bigint;
}

const spaceOf = (guest: Guest, release: string): Space =>
  guest.kernel.arch === 'arm64' ? arm64Files(guest, release) : x86Files(guest);

function arm64Files(guest: Guest, release: string): Space {
  const g = arm64Geometry(guest);
  const files = new Map<string, string>();
  const shape = layout(translation('arm64', g.page_size, g.va_bits), release);
  for (const name of ['linear', 'vmemmap']) {
    const region = regionOf(shape, name)!;
    const [lo, hi] = [K + BigInt(region.start), K + BigInt(region.end)];
    files.set(`tables/${name}.json`, pretty(arm64Tables(guest.ram, name, lo, hi, g)));
  }
  return {
    files,
    space: new AddressSpace(guest.ram, { arm64: g }),
    vmemmap: K + BigInt(regionOf(shape, 'vmemmap')!.start) - ramStart(guest, g.page_size),
  };
}

/** The memmap begins with the page of memstart_addr, which is no page 0 (arch/arm64/include/asm/pgtable.h, vmemmap). */
const ramStart = ({ info }: Guest, pageSize: number): bigint =>
  ((info.number('NUMBER(PHYS_OFFSET)') ?? 0n) / BigInt(pageSize)) * (info.number('SIZE(page)') ?? 64n);

function x86Files(guest: Guest): Space {
  const g = x86Geometry(guest);
  const at = X86_LAYOUTS[g.levels];
  const files = new Map([
    [
      'kernel/directmap-pagetable.txt',
      x86TableText(x86Leaves(guest.ram, at.direct, at.direct_end, g), (va) => `phys ${hex(va - at.direct)}`),
    ],
    [
      'kernel/vmemmap-pagetable.txt',
      x86TableText(
        x86Leaves(guest.ram, at.vmemmap, at.vmemmap_end, g),
        (va, bytes) => `pfn ${hex((va - at.vmemmap) / 64n)}+${bytes / 64}`,
      ),
    ],
  ]);
  return { files, space: new AddressSpace(guest.ram, { x86_64: g }), vmemmap: at.vmemmap };
}

/** The page tables, by path in a step's folder. */
export const tableFiles = (guest: Guest, release: string): ReadonlyMap<string, string> =>
  spaceOf(guest, release).files;

/** Sections and struct pages, by path; none without the kernel's config, which has the layout of page flags. */
export function sectionFiles(guest: Guest, release: string): ReadonlyMap<string, string> {
  if (guest.kernel.config === null) return new Map();
  const { space, vmemmap } = spaceOf(guest, release);
  const of = {
    space,
    info: guest.info,
    btf: guest.btf,
    zones: zonesOf(guest),
    nodes_shift: Number(configValue(guest.kernel, 'NODES_SHIFT') ?? 0),
    page_size: Number(guest.info.number('PAGESIZE') ?? 4096n),
    vmemmap,
  };
  const all = [...sections(of)];
  const bits = Number(guest.info.number('NUMBER(SECTION_SIZE_BITS)'));
  return new Map([
    ['kernel/mem_section.txt', sectionText(all, 2 ** bits / of.page_size)],
    ['kernel/memmap.rle', memmapText(of, all)],
  ]);
}
