import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A function of the kernel that is modelled. */
export interface KernelFunction {
  readonly name: string;
  /** Path in the kernel tree. */
  readonly file: string;
  /**
   * The first and last modelled release whose kernel has it in this file; absent if that is the first or last of all.
   */
  readonly from?: string;
  readonly until?: string;
  /** The series of the mailing list that has it, where no release of the kernel has. */
  readonly series?: string;
}

type Table = Readonly<Record<string, Readonly<Record<string, Omit<KernelFunction, 'name' | 'file'>>>>>;

const path = new URL('../../src/kernel/functions.yaml', import.meta.url);

/** What src/kernel/functions.yaml lists. */
export const functions: readonly KernelFunction[] = Object.entries(
  parse(readFileSync(path, 'utf8')) as Table,
).flatMap(([file, listed]) => Object.entries(listed).map(([name, when]) => ({ name, file, ...when })));
