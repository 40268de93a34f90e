import type { Command } from 'commander';

/** A command of the program. Its module is loaded only when the command runs or shows its help. */
export interface CommandRow {
  readonly name: string;
  /** Its arguments, as `mhp --help` lists them. */
  readonly takes: string;
  readonly summary: string;
  /** The module that adds arguments, options and action; it gets the rows of all commands. */
  readonly load: () => Promise<{ readonly define: (command: Command, all: readonly CommandRow[]) => void }>;
}
