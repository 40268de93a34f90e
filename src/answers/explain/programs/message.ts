/** A message of a program around the kernel, as data: the form of the text, what it means, what to change. */

export type Program =
  | 'qemu'
  | 'libvirt'
  | 'ndctl'
  | 'daxctl'
  | 'systemd-udevd'
  | 'util-linux'
  | 'shell'
  | 'kdump';

/** A text in the source of a program. */
export interface ProgramSource {
  readonly file: string;
  readonly fn: string;
  /**
   * As the compiler sees it: adjacent literals joined, macros replaced, without the trailing newline; positions of translated
   * conversions (`%1$s`) left out.
   */
  readonly text: string;
  /** What stands for its `%s` here, in order; the others are anything. */
  readonly args?: readonly string[];
}

export interface ProgramMessage {
  readonly program: Program;
  /** Where it was read. Empty if it is known from reports alone: `reported` says of what. */
  readonly sources: readonly ProgramSource[];
  readonly reported?: string;
  readonly pattern: RegExp;
  /** Names of the groups of the pattern, in order. */
  readonly names?: readonly string[];
  readonly means: string;
  readonly change: readonly string[];
}
