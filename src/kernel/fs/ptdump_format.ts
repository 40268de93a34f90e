import type { Layout } from '../../geometry/layout.ts';
import { layoutFamily } from '../../geometry/layouts.ts';
import { NoSuchGeometry } from '../../geometry/translation.ts';
import {
  AF,
  AP_RDONLY,
  AP_USER,
  ATTR_INDEX_MASK,
  ATTR_INDEX_SHIFT,
  CONT,
  GP,
  NG,
  PXN,
  SH_INNER,
  TABLE_BIT,
  UXN,
  VALID,
} from '../../hardware/descriptor/descriptor.ts';

/** The format of arm64's kernel_page_tables, which differs between releases. */
export interface PtdumpFormat {
  /**
   * The release from which it was read: v5.10, v6.1 and v6.13 (on 7.2.13) are recorded; v6.12 and v5.4 were read in source; v5.2 and
   * v5.7 are unverified.
   */
  readonly release: string;
  /** The names of memory types by AttrIndx; undefined prints as nothing. */
  readonly memory_types: readonly (string | undefined)[];
  /** Whether empty entries have lines (v5.7+: the generic walker notes them as well). */
  readonly holes: boolean;
  /**
   * Whether the walk starts as if it had passed an empty PGD entry at 0: no first marker, a line from 0 (v5.7 to
   * v5.10).
   */
  readonly from_zero: boolean;
  /** Whether there is a column for GP, and blanks in place of UXN (v5.8+). */
  readonly gp: boolean;
  /** Whether BLK means that bits 1:0 are 1 (v6.13+) instead of bit 1 clear: an invalid entry is then no block. */
  readonly blk_is_sect: boolean;
  /** Whether with two levels a block in the root is called PMD (v6.9+), and an empty entry beside it PGD. */
  readonly pmd_in_root: boolean;
  /** Regions with the texts at their start and end. */
  readonly markers: readonly (readonly [region: string, start: string, end?: string])[];
}

const DEVICES = ['DEVICE/nGnRnE', 'DEVICE/nGnRE'] as const;
/** The MAIR of v5.2 to v5.9; write-through memory has no name in any release. */
const OLD_TYPES = [...DEVICES, 'DEVICE/GRE', 'MEM/NORMAL-NC', 'MEM/NORMAL'];
/** MT_NORMAL is 0 since v5.10, which still has write-through and GRE. */
const TYPES = ['MEM/NORMAL', 'MEM/NORMAL-TAGGED', 'MEM/NORMAL-NC'];
const V5_10_TYPES = [...TYPES, undefined, ...DEVICES, 'DEVICE/GRE'];
const NEW_TYPES = [...TYPES, ...DEVICES];

const LINEAR = ['linear', 'Linear Mapping start', 'Linear Mapping end'] as const;
const BPF = ['bpf', 'BPF start', 'BPF end'] as const;
const MODULES = ['modules', 'Modules start', 'Modules end'] as const;
const VMALLOC = ['vmalloc', 'vmalloc() area', 'vmalloc() end'] as const;
const FIXMAP = ['fixmap', 'Fixmap start', 'Fixmap end'] as const;
const PCI_IO = ['pci_io', 'PCI I/O start', 'PCI I/O end'] as const;
const VMEMMAP = ['vmemmap', 'vmemmap start', 'vmemmap end'] as const;

const v5_2: PtdumpFormat = {
  release: 'v5.2',
  memory_types: OLD_TYPES,
  holes: false,
  from_zero: false,
  gp: false,
  blk_is_sect: false,
  pmd_in_root: false,
  markers: [MODULES, VMALLOC, FIXMAP, PCI_IO, VMEMMAP, ['linear', 'Linear mapping']],
};
const v5_4: PtdumpFormat = {
  ...v5_2,
  release: 'v5.4',
  markers: [LINEAR, MODULES, VMALLOC, FIXMAP, PCI_IO, VMEMMAP],
};
const v5_7: PtdumpFormat = { ...v5_4, release: 'v5.7', holes: true, from_zero: true };
const v5_10: PtdumpFormat = {
  ...v5_7,
  release: 'v5.10',
  memory_types: V5_10_TYPES,
  gp: true,
  markers: [LINEAR, BPF, MODULES, VMALLOC, FIXMAP, PCI_IO, VMEMMAP],
};
const v6_1: PtdumpFormat = {
  ...v5_10,
  release: 'v6.1',
  memory_types: NEW_TYPES,
  from_zero: false,
  markers: v5_4.markers,
};
const v6_12: PtdumpFormat = {
  ...v6_1,
  release: 'v6.12',
  pmd_in_root: true,
  markers: [LINEAR, MODULES, VMALLOC, VMEMMAP, PCI_IO, FIXMAP],
};
const v6_13: PtdumpFormat = { ...v6_12, release: 'v6.13', blk_is_sect: true };

/** The oldest version of each format, newest first; versions in between are assigned by the layout's family. */
const FORMATS = [
  [6, 13, v6_13],
  [6, 9, v6_12],
  [5, 11, v6_1],
  [5, 10, v5_10],
  [5, 7, v5_7],
  [5, 4, v5_4],
  [5, 2, v5_2],
] as const;

/**
 * The format of a kernel version, as layoutFamily() takes it.
 * @throws NoSuchGeometry for anything else
 */
export function ptdump_format(release: string): PtdumpFormat {
  if (!layoutFamily(release))
    throw new NoSuchGeometry(`no format of kernel_page_tables is known for ${JSON.stringify(release)}`);
  const version = /(\d+)\.(\d+)/.exec(release)!;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return FORMATS.find(([first, second]) => major > first || (major === first && minor >= second))![2];
}

/** A text between lines, and the address at or behind which it stands. */
export interface Marker {
  readonly start: number;
  readonly text: string;
}

/**
 * The markers of a layout, ascending. A region that is missing has none; a region that ends at 2^64 has no end marker.
 */
export const ptdump_markers = (format: PtdumpFormat, layout: Layout): Marker[] =>
  layout.regions.flatMap((region) => {
    const marker = format.markers.find(([name]) => name === region.name);
    if (!marker) return [];
    const first = { start: region.start, text: marker[1] };
    return marker[2] === undefined || region.end === 0
      ? [first]
      : [first, { start: region.end, text: marker[2] }];
  });

interface Column {
  readonly mask: number;
  readonly val: number;
  readonly set: string;
  readonly clear?: string;
}

const flag = (mask: number, set: string, clear: string): Column => ({ mask, val: mask, set, clear });

/** The kernel's pte_bits: the text for a bit that is set, and for one that is clear. */
function columns(format: PtdumpFormat): Column[] {
  const types = format.memory_types.flatMap((name, index) =>
    name ? [{ mask: ATTR_INDEX_MASK, val: index << ATTR_INDEX_SHIFT, set: name }] : [],
  );
  return [
    flag(VALID, ' ', 'F'),
    flag(AP_USER, 'USR', '   '),
    flag(AP_RDONLY, 'ro', 'RW'),
    flag(PXN, 'NX', 'x '),
    flag(SH_INNER, 'SHD', '   '),
    flag(AF, 'AF', '  '),
    flag(NG, 'NG', '  '),
    flag(CONT, 'CON', '   '),
    format.blk_is_sect
      ? { mask: VALID | TABLE_BIT, val: VALID, set: 'BLK', clear: '   ' }
      : flag(TABLE_BIT, '   ', 'BLK'),
    ...(format.gp ? [flag(UXN, 'UXN', '   '), flag(GP, 'GP', '  ')] : [{ mask: UXN, val: UXN, set: 'UXN' }]),
    ...types,
  ];
}

/** The attributes that entries on one line share, and their text. */
export interface ProtText {
  readonly mask: number;
  /** @param prot an attribute word under the mask */
  text(prot: number): string;
}

export function prot_text(format: PtdumpFormat): ProtText {
  const all = columns(format);
  return {
    mask: all.reduce((mask, column) => mask | column.mask, 0),
    text(prot) {
      let text = '';
      for (const { mask, val, set, clear } of all) {
        const shown = (prot & mask) === val ? set : clear;
        if (shown !== undefined) text += ` ${shown}`;
      }
      return text;
    },
  };
}
