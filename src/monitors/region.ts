import type { Config } from '../kernel/config.ts';

/** The name of the kernel address region that contains an address; `none` if no region does. */
export const regionOf = (c: Config, va: number): string =>
  c.layout.regions.find(({ start, end }) => start <= va && va < end)?.name ?? 'none';
