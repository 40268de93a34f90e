import type { Kernel, KernelFunctions } from '../kernel/kernel.ts';

/**
 * A function that does at once what another does access by access, and leaves the same behind. Nobody but the runner of a
 * kernel that runs alone may use it: between its accesses nobody can come.
 */
export interface BatchForm<Name extends keyof KernelFunctions = keyof KernelFunctions> {
  readonly name: Name;
  /** The very function it stands for. */
  readonly exact: KernelFunctions[Name];
  readonly batch: KernelFunctions[Name];
  /** What the exact function calls and the batch form does itself: it knows these functions and no others of their names. */
  readonly instead_of?: Partial<KernelFunctions>;
}

export const form = <Name extends keyof KernelFunctions>(of: BatchForm<Name>): BatchForm =>
  of as unknown as BatchForm;

const stands = (k: Kernel, { name, exact, instead_of = {} }: BatchForm): boolean =>
  k[name] === exact &&
  Object.entries(instead_of).every(([called, fn]) => k[called as keyof KernelFunctions] === fn);

/** The kernel with each batch form in place of a function where it stands for that and for all it calls. */
export function with_forms(k: Kernel, forms: readonly BatchForm[]): Kernel {
  const fast = Object.fromEntries(
    forms.filter((one) => stands(k, one)).map(({ name, batch }) => [name, batch]),
  );
  return { ...k, ...fast, alone: true };
}
