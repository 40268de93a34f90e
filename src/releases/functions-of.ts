import type { DifferingFunctions } from '../kernel/kernel.ts';

/** The type of a release's tables: generic functions, and those of each architecture. */
interface Tables {
  readonly functions?: object;
  readonly arch?: { readonly arm64?: object; readonly x86_64?: object };
}

type Of<T, Key extends string> = T extends Readonly<Record<Key, infer Table extends object>> ? Table : object;

/** One table over another: for a name in both, the first one's function. */
type Over<First, Second> = First & Omit<Second, keyof First>;

/** The functions of all of a release's tables; architectures agree on the types of what they share. */
export type FunctionsOf<T extends Tables> = Over<
  Over<Of<T, 'functions'>, Of<Of<T, 'arch'>, 'arm64'>>,
  Of<Of<T, 'arch'>, 'x86_64'>
>;

/** Functions in a release's tables but not in v5.2's: the release's additions to `KernelFunctions`. */
export type Introduced<T extends Tables, V52> = Omit<FunctionsOf<T>, keyof V52 | keyof DifferingFunctions>;
