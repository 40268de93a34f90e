import { layout as familyLayout, LAYOUT_FAMILIES, type LayoutFamily } from '../geometry/layouts.ts';
import { translation } from '../geometry/translation.ts';
import type { Machine } from '../machines/machine.ts';
import type { Entry } from './entry.ts';

/** A geometry of arm64: bytes in a page, and bits of a virtual address. */
export interface Shape {
  readonly page_size: number;
  readonly va_bits: number;
}

/** Changes to an entry's machine against its file. */
export interface Variation {
  readonly geometry?: Shape;
  /** The family of releases whose layout replaces the entry's. */
  readonly layout?: LayoutFamily;
  /** Another place of boot memory. */
  readonly memory?: Pick<Machine, 'ram' | 'memstart_addr'>;
  /** Runs of entries are changed in one step: a search then covers fewer interleavings. */
  readonly runs?: boolean;
  /** arm64: kernel image, fixmap and PCI I/O are mapped as well. */
  readonly permanent_mappings?: boolean;
}

/** "4K/48" */
export const geometryText = ({ page_size, va_bits }: Shape): string => `${page_size / 1024}K/${va_bits}`;

/** The machine in another geometry. Only arm64 has other geometries. */
export const variedMachine = (machine: Machine, { geometry, memory }: Variation): Machine =>
  machine.arch === 'arm64' ? { ...machine, ...geometry, ...memory } : machine;

/** The regions for booting: those asked for; undefined for the release's own. */
export const variedLayout = (machine: Machine, { layout }: Variation) =>
  layout && machine.arch === 'arm64'
    ? familyLayout(translation('arm64', machine.page_size, machine.va_bits ?? 48), layout)
    : undefined;

/** The differences from the file as part of a name: "", " in 4K/48", " in 4K/48 with the layout of v5.4". */
const variationText = ({ geometry, layout, memory, runs }: Variation): string =>
  `${geometry ? ` in ${geometryText(geometry)}` : ''}${layout ? ` with the layout of ${layout}` : ''}${memory ? ' with boot memory elsewhere' : ''}${runs ? ' by runs' : ''}`;

const NAME = /^(.+?) on (\S+?)(?: in (\d+)K\/(\d+))?(?: with the layout of (\S+))?( by runs)?$/;

/** Parses the program name of an entry on a release; undefined for any other name. */
export function parseProgramName(
  name: string,
): { readonly id: string; readonly release: string; readonly variation: Variation } | undefined {
  const [, id, release, page, vaBits, family, runs] = NAME.exec(name) ?? [];
  const layout = LAYOUT_FAMILIES.find((one) => one === family);
  if (id === undefined || release === undefined || (family !== undefined && !layout)) return undefined;
  return {
    id,
    release,
    variation: {
      ...(page ? { geometry: { page_size: Number(page) * 1024, va_bits: Number(vaBits) } } : {}),
      ...(layout ? { layout } : {}),
      ...(runs ? { runs: true } : {}),
    },
  };
}

/** The program name of an entry on a release. */
export const programName = (id: string, release: string, variation: Variation): string =>
  `${id} on ${release}${variationText(variation)}`;

/** The shape of a machine: its architecture, bytes in a page, and bits of a virtual address; null where none is told. */
export interface MachineShape {
  readonly arch: string;
  readonly page_size: number;
  readonly va_bits: number | null;
}

/** The shape of the machine that an entry runs on. */
export function shapeOf(entry: Entry, variation: Variation): MachineShape {
  if (entry.kind === 'memmap') {
    const { arch, page_size } = entry.scenario.machine;
    return { arch, page_size, va_bits: null };
  }
  const { arch, page_size, va_bits } = variedMachine(entry.scenario.machine, variation);
  return { arch, page_size, va_bits: va_bits ?? (arch === 'arm64' ? 48 : null) };
}
