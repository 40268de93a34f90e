/** A place of the kernel's source that prints something. */
export interface Entry {
  /** The function or macro in whose text it stands. */
  readonly fn: string;
  /** What is called: `pr_warn`, `dev_err`, `WARN_ON_ONCE`. */
  readonly call: string;
  /** `KERN_WARNING` and the like, an argument of printk(). */
  readonly level?: string;
  /** The format as in the source, without the line end; absent for a WARN_ON(), BUG_ON() and the like. */
  readonly format?: string;
  /** The names of the format's conversions, in order, with a blank between them. */
  readonly names?: string;
  /** What pr_cont() adds to the line, in any number and order: formats. */
  readonly cont?: readonly string[];
  /** The first argument of a WARN_ON(), BUG_ON() and the like. */
  readonly condition?: string;
  /** What VM_BUG_ON_PAGE() prints of a condition that has a parameter of a macro: with the arguments of its users. */
  readonly says?: readonly string[];
  /** What pr_fmt() of the file puts before the format. */
  readonly prefix?: string;
  /** The drivers whose name dev_*() puts before the name of the device; '' for a device without driver and bus. */
  readonly device?: readonly string[];
  /**
   * The releases that have it: ranges of kernel series, `..5.3, 5.7..5.8, 6.8..`, from the first series that was read with it to the
   * last before the one that was read without it. Absent: all from v5.2 on.
   */
  readonly releases?: string;
  /** The first point releases that were read without it, though their series has it. */
  readonly dropped?: string;
  /** The only trees that it was held against, of those in docs/messages.md; absent: all of its releases. */
  readonly held_in?: readonly string[];
  /** Why a source tree of these releases does not have the format in the function. */
  readonly not_found?: string;
}

/** What a file of the kernel prints, by its path in the tree. */
export interface KernelFile {
  readonly file: string;
  readonly entries: readonly Entry[];
}

export interface Message extends Entry {
  readonly file: string;
}
