import type { Machine } from '../machines/machine.ts';
import type { FileTree } from '../machines/sources/tree.ts';
import type { Release } from '../releases/index.ts';
import type { Session } from '../scenarios/running/session.ts';
import type { PageSummary } from './pages/summary.ts';

/** A booted machine that is asked, with the files that it was read from. */
export interface AskedMachine {
  readonly machine: Machine;
  readonly release: Release;
  readonly session: Session;
  /** Mirrors / of the machine; null for a machine that is described. */
  readonly tree: FileTree | null;
  /** What words of /proc/kpageflags say; null if they cannot be read. */
  readonly pages: PageSummary | null;
  /** Why they cannot. */
  readonly no_pages: string | null;
  /** The lines of a file of any length; undefined if it is not there or cannot be read. */
  readonly lines?: (path: string) => Iterable<string> | undefined;
  /** Pages of a block that programs have mapped, as /proc/kpagecount says; null if it cannot be read. */
  readonly mapped?: (block: number) => number | null;
  /** What was assumed or is unknown, one line each. */
  readonly notes: readonly string[];
}
