import { atVersion } from '../releases/at-version.ts';
import type { Release } from '../releases/define.ts';
import type { Bundle } from './bundle.ts';
import { type SourceOptions, sourceKernel } from './kernel.ts';
import type { SourceProgram } from './program.ts';

/** The name of a release whose functions are the C of a bundle: "v6.1~1a2b3c4d", by the bundle's hash. */
const sourceName = (base: string, { hash }: Bundle): string => `${base}~${hash.slice(0, 8)}`;

/**
 * A release that boots as the model has it, with the back-ports of the bundle's version, and whose functions are then the
 * C of the bundle, as far as it has them.
 * @throws BadBundle at boot, if the bundle is of another geometry or lacks a function that is named
 */
export const sourceRelease = (
  base: Release,
  program: SourceProgram,
  options: Pick<SourceOptions, 'functions'> = {},
): Release => ({
  ...atVersion(base, program.bundle.version),
  name: sourceName(base.name, program.bundle),
  booted: (k) => sourceKernel(k, program, { ...options, alone: k.alone }),
});
