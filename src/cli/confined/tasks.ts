import type { Checked } from '../../check/checked.ts';
import type { ReturnKind } from '../../check/design/returns.ts';
import type { DesignRun } from '../../report/check/design-row.ts';
import type { Bounds } from '../../schedule/replay/verdict.ts';
import type { Bundle } from '../files/design-bundle.ts';
import type { Replayed, ReplayFormat } from '../inputs/replayed.ts';

/** What is asked of the process in which designs run, and what it answers. Both are plain data. */

export interface LoadTask {
  readonly what: 'load';
  readonly bundles: readonly Bundle[];
}

/** An entry as text. */
export interface SentEntry {
  readonly text: string;
  readonly file: string;
  readonly own: boolean;
}

interface Search {
  readonly mode: 'states' | 'traces';
  readonly bounds: Bounds;
}

/** Runs an entry on the release that the designs are on. */
export interface BaseTask extends Search {
  readonly what: 'base';
  readonly entry: SentEntry;
}

export type Returned = ReadonlyMap<string, ReadonlySet<ReturnKind>>;

/** Runs an entry on the first `upTo` + 1 of the designs. */
export interface DesignTask extends Search {
  readonly what: 'design';
  readonly entry: SentEntry;
  readonly upTo: number;
  readonly base: Omit<Checked, 'told'>;
  readonly returns: Returned;
  readonly timeline: boolean;
}

/** Runs one execution again. */
export interface ReplayTask {
  readonly what: 'replay';
  readonly token: string;
  readonly entry: SentEntry;
  readonly format: ReplayFormat;
}

export type Task = LoadTask | BaseTask | DesignTask | ReplayTask;

export interface Loaded {
  /** The release that the first design is on. */
  readonly base: string;
  readonly designs: readonly LoadedDesign[];
}

export interface LoadedDesign {
  readonly name: string;
  readonly about: string;
  /** The names of replaced functions, on all architectures. */
  readonly replaced: readonly string[];
}

export interface BaseDone {
  /** The replaced functions that the entry calls. */
  readonly calls: readonly string[];
  readonly returns: Returned;
  /** Null if it calls none of them. */
  readonly base: Omit<Checked, 'told'> | null;
}

/** Null if the entry calls nothing of what this design replaces: the result is that of the design before it. */
export type DesignDone = { readonly run: DesignRun | null; readonly timeline: unknown };

/** The answer to a task of each kind. */
export interface Answers {
  readonly load: Loaded;
  readonly base: BaseDone;
  readonly design: DesignDone;
  readonly replay: Replayed;
}

/** A message of the process: what a design prints, or the answer to its task. */
export type Message =
  | { readonly printed: string }
  | { readonly answer: unknown }
  /** What the user is to be told, and the index of the module that it concerns. */
  | { readonly refused: string; readonly module: number | null }
  /** The task took longer than it may; the function of a design that was running. */
  | { readonly late: string | null }
  /** Why the task came to no answer. */
  | { readonly ended: string };
