import { readFileSync } from 'node:fs';
import { InputError } from '../../errors/input-error.ts';
import { BadCheckpoint, readNote } from '../../schedule/replay/checkpoint.ts';
import type { Bounds } from '../../schedule/replay/verdict.ts';
import { checkInput, onFile } from '../files/output.ts';

/** What `mhp explore` keeps with a checkpoint, so that nothing need be said again to continue. */
export interface ExploreNote {
  /** The file of the program, if it is the user's own. */
  readonly file: string | null;
  readonly bounds: Pick<Bounds, 'maxPreemptions' | 'maxSteps'>;
}

/** The program of a checkpoint as it is named to `mhp explore`, and the bounds it was searched with. */
export function resumed(path: string): { readonly program: string; readonly bounds: ExploreNote['bounds'] } {
  checkInput(path);
  try {
    const { program, note } = readNote(onFile(path, () => readFileSync(path)));
    const { file = null, bounds = {} } = (note ?? {}) as Partial<ExploreNote>;
    return { program: file ?? program, bounds };
  } catch (error) {
    if (error instanceof BadCheckpoint) throw new InputError(path, '', error.message);
    throw error;
  }
}
