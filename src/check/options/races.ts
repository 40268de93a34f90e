import { B19_SUFFIX, type Release } from '../../releases/index.ts';

/** A column of the comparison: an entry of the catalogue, and the release on which to run it. */
export interface Race {
  readonly id: string;
  readonly about: string;
  readonly release: (design: Release) => string;
}

const itself = (release: Release): string => release.name;
// each of the designs needs patch 2 of V6 beside it, and that alone fixes these
const withoutPatch2 = (release: Release): string => `${release.name}${B19_SUFFIX}`;

/** The races between vmalloc, kernel_page_tables and the removal of memory. */
export const races: readonly Race[] = [
  { id: 'B14', about: 'vmalloc walks a freed table', release: itself },
  { id: 'B15', about: 'vmalloc reads a cleared entry', release: itself },
  { id: 'B16', about: 'vmalloc writes to a table found empty', release: itself },
  { id: 'B19', about: 'ptdump walks a freed table of the linear map', release: withoutPatch2 },
  { id: 'B19b', about: 'ptdump walks a freed table of the memmap', release: withoutPatch2 },
  { id: 'B98', about: 'vmalloc from inside a hotplug operation', release: itself },
];
