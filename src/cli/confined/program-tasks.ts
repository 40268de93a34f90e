import type { Report } from '../../report/trace/explore.ts';
import type { RandomOptions } from '../../schedule/random/random-search.ts';
import type { Bounds, Mode } from '../../schedule/replay/verdict.ts';
import type { Bundle } from '../files/design-bundle.ts';
import type { Replayed, ReplayFormat } from '../inputs/replayed.ts';

/** What is asked of the process in which a program of the user's runs, and what it answers. Both are plain data. */

export interface ExploreProgram {
  readonly what: 'explore';
  readonly mode: Mode | undefined;
  readonly bounds: Bounds;
  readonly random: RandomOptions | undefined;
  readonly selfCheck: boolean;
  /** The checkpoint from which to continue. */
  readonly resume: Uint8Array | undefined;
  /** Whether a checkpoint is wanted if the search is stopped, and what is kept with it. */
  readonly checkpoint: { readonly note: unknown } | undefined;
  readonly timeline: boolean;
}

export interface ReplayProgram {
  readonly what: 'replay';
  readonly token: string;
  readonly format: ReplayFormat;
}

export interface ProgramTask {
  readonly bundle: Bundle;
  /** The name of its file as the user gave it. */
  readonly file: string;
  readonly ask: ExploreProgram | ReplayProgram;
}

export interface Explored {
  readonly report: Report;
  /** The story as a trace-event file; null if there is none, or it is not wanted. */
  readonly timeline: unknown;
  readonly checkpoint: Uint8Array | undefined;
  readonly interrupted: boolean;
}

export interface ProgramAnswers {
  readonly explore: Explored;
  readonly replay: Replayed;
}

/** To the process. It answers a ping as soon as it is not within code that does not come back. */
export type ToProgram = { readonly task: ProgramTask } | { readonly ping: true } | { readonly stop: true };

/** From the process. */
export type FromProgram =
  | { readonly pong: true }
  | { readonly printed: string }
  | { readonly progress: string }
  | { readonly answer: unknown }
  /** What is wrong with the program. */
  | { readonly refused: string }
  /** What is wrong with the token or the checkpoint. */
  | { readonly input: string };
