import type { Config } from '../kernel/config.ts';

/** The region of the kernel's address space that an address lies in, by name; `none` between them. */
export const regionOf = (c: Config, va: number): string =>
  c.layout.regions.find(({ start, end }) => start <= va && va < end)?.name ?? 'none';
