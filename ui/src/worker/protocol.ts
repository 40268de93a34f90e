import type { CheckVerdict } from '../../../src/check/checked.ts';
import type { MachineShape, Shape } from '../../../src/check/variation.ts';
import type { LayoutFamily } from '../../../src/geometry/layouts.ts';
import type { RunData } from '../../../src/report/data/run-data.ts';
import type { StoryData } from '../../../src/report/data/story-data.ts';

/** What the page asks the worker for, and what it answers. Everything is plain data. */

/** A scenario: one of those that come with the lab, by file; or a text. */
export interface Source {
  readonly file: string;
  readonly text?: string;
}

export interface Requests {
  /** Checks a scenario on a release, and tells how it came about. */
  check: {
    readonly source: Source;
    readonly release: string | null;
    readonly geometry: Shape | null;
    readonly layout: LayoutFamily | null;
  };
  /** Runs the execution of a token again. */
  token: { readonly token: string };
  /** Runs a scenario whose operations follow one another. */
  run: { readonly source: Source; readonly release: string | null };
  /** Reads a machine from a file: what lsmem printed, a machine file, an archive of /proc and /sys. */
  machine: { readonly name: string; readonly bytes: Uint8Array };
  /** Checks the whole catalogue, each entry on its releases; each result is a part. */
  catalogue: { readonly files: readonly string[] };
  /** Whether a scenario can be read. */
  read: { readonly text: string };
  /** Explores a program: a built-in one by name. */
  explore: { readonly program: string };
  /** Explores a program of the person's, a module of JavaScript. */
  program: { readonly code: string };
  /** Checks a design, a module of JavaScript, with a scenario. */
  design: { readonly code: string; readonly file: string };
}

export interface CheckAnswer {
  readonly id: string;
  readonly title: string;
  readonly why: string | null;
  readonly release: string;
  readonly verdict: CheckVerdict | 'stopped';
  readonly failure: string | null;
  readonly reason: string | null;
  readonly states: number;
  readonly shape: MachineShape;
  readonly story: StoryData | null;
  readonly run: RunData | null;
  /** The story in words where it is neither. */
  readonly text: string | null;
}

export interface CatalogueCell {
  readonly id: string;
  readonly file: string;
  readonly release: string;
  readonly verdict: CheckVerdict;
  readonly expected: 'found' | 'clean' | null;
  readonly text: string;
}

export interface GraphNode {
  readonly id: number;
  /** The fewest steps that lead here. */
  readonly depth: number;
  readonly text: string;
  /** Whether no thread can go on: all have ended, or the others wait for ever. */
  readonly end: 'ended' | 'stuck' | null;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly {
    readonly from: number;
    readonly to: number;
    readonly thread: string;
    readonly text: string;
  }[];
}

export interface ExploreAnswer {
  readonly program: string;
  readonly verdict: string;
  readonly counts: string;
  readonly violation: string | null;
  readonly story: StoryData | null;
  /** Null for more states than can be drawn. */
  readonly graph: Graph | null;
}

export interface Answers {
  check: CheckAnswer;
  token: CheckAnswer;
  run: RunData;
  machine: RunData;
  catalogue: { readonly cells: number };
  read: {
    readonly kind: 'threads' | 'steps' | 'memmap';
    readonly release: string;
    readonly releases: readonly string[];
  };
  explore: ExploreAnswer;
  program: ExploreAnswer;
  design: CheckAnswer;
}

export type Kind = keyof Requests;

export interface Request<K extends Kind = Kind> {
  readonly nr: number;
  readonly kind: K;
  readonly request: Requests[K];
}

/** An error that tells what is wrong with the input; any other is a defect of the lab. */
export interface Failed {
  readonly name: string;
  readonly message: string;
  readonly input: boolean;
}

export type Reply =
  | { readonly nr: number; readonly answer: unknown }
  | { readonly nr: number; readonly failed: Failed }
  | { readonly nr: number; readonly progress: string }
  | { readonly nr: number; readonly part: CatalogueCell };
