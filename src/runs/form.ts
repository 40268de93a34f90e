import type { Kernel, KernelFunctions } from '../kernel/kernel.ts';

/**
 * A function that does in few steps what another does access by access, with the same result. Only the runner of a
 * kernel that runs alone may use it, because no other thread can run between its accesses.
 */
export interface BatchForm<Name extends keyof KernelFunctions = keyof KernelFunctions> {
  readonly name: Name;
  /** The function that it replaces. */
  readonly exact: KernelFunctions[Name];
  readonly batch: KernelFunctions[Name];
  /**
   * The functions that the exact function calls and the batch form includes: it is valid only for these definitions. Of a list,
   * for any; undefined in it: also without the function.
   */
  readonly instead_of?: { readonly [Fn in keyof KernelFunctions]?: OneOf<KernelFunctions[Fn]> };
}

type OneOf<T> = T | readonly (T | undefined)[];

export const form = <Name extends keyof KernelFunctions>(of: BatchForm<Name>): BatchForm =>
  of as unknown as BatchForm;

const stands = (k: Kernel, { name, exact, instead_of = {} }: BatchForm): boolean =>
  k[name] === exact &&
  Object.entries(instead_of).every(([called, known]) => {
    const fn: unknown = k[called as keyof KernelFunctions];
    return Array.isArray(known) ? known.includes(fn) : fn === known;
  });

/**
 * The kernel in which each batch form replaces its function if the kernel has that function and all the callees which
 * the form includes.
 */
export function with_forms(k: Kernel, forms: readonly BatchForm[]): Kernel {
  const fast = Object.fromEntries(
    forms.filter((one) => stands(k, one)).map(({ name, batch }) => [name, batch]),
  );
  return Object.freeze({ ...k, ...fast, alone: true });
}
