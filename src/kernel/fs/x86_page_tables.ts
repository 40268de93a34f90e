import { regionOf } from '../../geometry/layout.ts';
import { depthOf, entrySize, vaText } from '../../geometry/translation.ts';
import {
  _PAGE_GLOBAL,
  _PAGE_NX,
  _PAGE_PCD,
  _PAGE_PRESENT,
  _PAGE_PSE,
  _PAGE_PWT,
  _PAGE_RW,
  _PAGE_USER,
  attributes,
} from '../arch/x86/include/asm/pgtable_types.ts';
import type { Kernel } from '../kernel.ts';
import type { State } from '../state.ts';
import { MODELLED_REGIONS, ptdump_runs } from './kernel_page_tables.ts';
import type { PtdumpRun } from './ptdump.ts';
import type { Marker } from './ptdump_format.ts';

/**
 * debugfs page_tables/kernel of x86-64 (arch/x86/mm/dump_pagetables.c): the lines of the regions whose mappings the model
 * has. Read in the source of 5.10.262, 6.1.192, 6.12.117 and 7.2.13, which print the same; no recording has the file.
 */

const G = 2 ** 30;
/** Entries of the root, counted from its end. */
const GUARD_HOLE_PGD_ENTRY = -256;
const LDT_PGD_ENTRY = -240;
/** P4D entries, counted from 2^64. */
const CPU_ENTRY_AREA_PGD = -4;
const ESPFIX_PGD_ENTRY = -2;
const EFI_VA_END = -68 * G;
const START_KERNEL_MAP = -2 * G;

const UNITS = 'BKMGTPE';

/** address_markers, as far as the walk passes them one by one; those behind vmemmap end its last line. */
function address_markers({ c }: Kernel): Marker[] {
  const root = entrySize(c.t, 0);
  const p4d = entrySize(c.t, depthOf(c.t, 'PUD')) * 512;
  const start = (region: string): number => regionOf(c.layout, region)!.start;
  return [
    { start: GUARD_HOLE_PGD_ENTRY * root, text: 'Kernel Space' },
    { start: LDT_PGD_ENTRY * root, text: 'LDT remap' },
    { start: start('linear'), text: 'Low Kernel Mapping' },
    { start: start('vmalloc'), text: 'vmalloc() Area' },
    { start: start('vmemmap'), text: 'Vmemmap' },
    { start: CPU_ENTRY_AREA_PGD * p4d, text: 'CPU entry Area' },
    { start: ESPFIX_PGD_ENTRY * p4d, text: 'ESPfix Area' },
    { start: EFI_VA_END, text: 'EFI Runtime Services' },
    { start: START_KERNEL_MAP, text: 'High Kernel Mapping' },
  ];
}

/** printk_prot(): PAT has no line of its own, as the model maps nothing with it. */
function prot_text(prot: number): string {
  if (!(prot & _PAGE_PRESENT)) return ' '.repeat(30);
  const column = (bit: number, set: string, clear = '    '): string => (prot & bit ? set : clear);
  return [
    column(_PAGE_USER, 'USR '),
    column(_PAGE_RW, 'RW ', 'ro '),
    column(_PAGE_PWT, 'PWT '),
    column(_PAGE_PCD, 'PCD '),
    column(_PAGE_PSE, 'PSE '),
    '    ',
    column(_PAGE_GLOBAL, 'GLB '),
    column(_PAGE_NX, 'NX ', 'x  '),
  ].join('');
}

function size_text(bytes: number): string {
  let [delta, unit] = [bytes, 0];
  while (delta % 1024 === 0 && unit < UNITS.length - 1) {
    delta /= 1024;
    unit++;
  }
  return `${String(delta).padStart(9)}${UNITS[unit]}`;
}

/**
 * What the walk notes behind user space. Until v5.5 it notes the hole for hypervisors as empty, since then it leaves it
 * out (ptdump_ranges). The last entry of the root has a table in every kernel: the image lies there.
 */
function* noted(state: State, { c }: Kernel): Generator<PtdumpRun> {
  const root = entrySize(c.t, 0);
  const [hole, ldt] = [GUARD_HOLE_PGD_ENTRY * root, LDT_PGD_ENTRY * root];
  if (c.ptdump === 'v5.2' || c.ptdump === 'v5.4') yield { start: hole, end: ldt, level: 'PGD', attr: 0 };
  for (const run of ptdump_runs(state.mmu!)) {
    const start = Math.max(run.start, ldt);
    const end = Math.min(run.end, -root);
    if (start < end) yield { ...run, start, end };
  }
  yield { start: -root, end: 0, level: c.t.name[1]!, attr: 0 };
}

/**
 * note_page() by runs: a line ends where attributes or level change, or at the first entry behind a marker. An entry passes
 * one marker at most, so what lies directly behind two begins one entry late.
 */
export function* page_tables_kernel(state: State, k: Kernel): Generator<string> {
  if (!state.mmu) return;
  const { t, layout } = k.c;
  const regions = MODELLED_REGIONS.map((name) => regionOf(layout, name)!);
  const shown = (va: number): boolean => regions.some(({ start, end }) => va >= start && va < end);
  const markers = address_markers(k);
  const own = new Set(regions.map(({ start }) => start));
  // user space has no entries; its line is left out
  let [start, depth, prot, passed] = [Number.NEGATIVE_INFINITY, 0, 0, 0];
  for (const run of noted(state, k)) {
    const size = entrySize(t, depthOf(t, run.level));
    const level = depthOf(t, run.level);
    const now = attributes({ addr: 0, attr: run.attr });
    for (let addr = run.start; addr < run.end; ) {
      const next = markers[passed];
      const behind = next !== undefined && addr >= next.start;
      if (now !== prot || level !== depth || behind) {
        if (shown(start)) {
          const name = t.name[depth]!.toLowerCase();
          yield `0x${vaText(start)}-0x${vaText(addr)}   ${size_text(addr - start)} ${prot_text(prot)}${name}`;
        }
        if (behind) {
          if (own.has(next.start)) yield `---[ ${next.text} ]---`;
          passed++;
        }
        [start, depth, prot] = [addr, level, now];
      }
      const wanted = markers[passed]?.start ?? 0;
      addr = Math.max((Math.floor(addr / size) + 1) * size, Math.ceil(wanted / size) * size);
    }
  }
}
