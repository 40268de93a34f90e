/** What the tables of a release are to types: generic functions, and those of each architecture. */
interface Tables {
  readonly functions?: object;
  readonly arch?: { readonly arm64?: object; readonly x86_64?: object };
}

type Of<T, Key extends string> = T extends Readonly<Record<Key, infer Table extends object>> ? Table : object;

/** One table over another: of a name that both have, the first one's. */
type Over<First, Second> = First & Omit<Second, keyof First>;

/** The functions of all of a release's tables; architectures agree on the types of what they share. */
export type FunctionsOf<T extends Tables> = Over<
  Over<Of<T, 'functions'>, Of<Of<T, 'arch'>, 'arm64'>>,
  Of<Of<T, 'arch'>, 'x86_64'>
>;

/** Functions that a release's tables have and v5.2's do not: what it adds to `KernelFunctions`. */
export type Introduced<T extends Tables, V52> = Omit<FunctionsOf<T>, keyof V52>;
