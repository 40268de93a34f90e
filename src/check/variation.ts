import { layout as familyLayout, LAYOUT_FAMILIES, type LayoutFamily } from '../geometry/layouts.ts';
import { translation } from '../geometry/translation.ts';
import type { Machine } from '../machines/machine.ts';

/** Bytes of a page and bits of an address of arm64. */
export interface Shape {
  readonly page_size: number;
  readonly va_bits: number;
}

/** An entry otherwise than it stands in its file. */
export interface Variation {
  readonly geometry?: Shape;
  /** A family of releases whose layout to take. */
  readonly layout?: LayoutFamily;
  /** Boot memory elsewhere. */
  readonly memory?: Pick<Machine, 'ram' | 'memstart_addr'>;
  /** arm64: kernel image, fixmap and PCI I/O are mapped as well. */
  readonly permanent_mappings?: boolean;
}

/** "4K/48" */
export const geometryText = ({ page_size, va_bits }: Shape): string => `${page_size / 1024}K/${va_bits}`;

/** The machine in another geometry. One that is no arm64 has no other. */
export const variedMachine = (machine: Machine, { geometry, memory }: Variation): Machine =>
  machine.arch === 'arm64' ? { ...machine, ...geometry, ...memory } : machine;

/** Regions to boot with: those asked for; undefined where the release's own are. */
export const variedLayout = (machine: Machine, { layout }: Variation) =>
  layout && machine.arch === 'arm64'
    ? familyLayout(translation('arm64', machine.page_size, machine.va_bits ?? 48), layout)
    : undefined;

/** What is other than in the file, for a name: "", " in 4K/48", " in 4K/48 with the layout of v5.4". */
export const variationText = ({ geometry, layout, memory }: Variation): string =>
  `${geometry ? ` in ${geometryText(geometry)}` : ''}${layout ? ` with the layout of ${layout}` : ''}${memory ? ' with boot memory elsewhere' : ''}`;

const NAME = /^(.+?) on (\S+?)(?: in (\d+)K\/(\d+))?(?: with the layout of (\S+))?$/;

/** An entry on a release, as programs are called; undefined for any other name. */
export function parseProgramName(
  name: string,
): { readonly id: string; readonly release: string; readonly variation: Variation } | undefined {
  const [, id, release, page, vaBits, family] = NAME.exec(name) ?? [];
  const layout = LAYOUT_FAMILIES.find((one) => one === family);
  if (id === undefined || release === undefined || (family !== undefined && !layout)) return undefined;
  return {
    id,
    release,
    variation: {
      ...(page ? { geometry: { page_size: Number(page) * 1024, va_bits: Number(vaBits) } } : {}),
      ...(layout ? { layout } : {}),
    },
  };
}

/** What programs of an entry are called. */
export const programName = (id: string, release: string, variation: Variation): string =>
  `${id} on ${release}${variationText(variation)}`;
