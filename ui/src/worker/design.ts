import type { Told } from '../../../src/check/checked.ts';
import { checkDesign, type DesignChecked } from '../../../src/check/design/check-design.ts';
import type { Entry } from '../../../src/check/entry.ts';
import { InputError } from '../../../src/errors/input-error.ts';
import * as mhp from '../../../src/index.ts';
import type { DesignedRelease } from '../../../src/releases/design.ts';
import { toldText } from '../../../src/report/check/check-text.ts';
import type { Watch } from '../../../src/schedule/search/pace.ts';
import { defaultOf } from './user-module.ts';

/** Designs that a person writes beside a story. */

/** The design of a module. @throws InputError */
async function designOf(code: string): Promise<DesignedRelease> {
  const made = await defaultOf(code, 'design', { mhp });
  if (typeof made !== 'object' || made === null || !('on' in made))
    throw new InputError('design', '', 'has no default export made by defineRelease()');
  return made as DesignedRelease;
}

/** What a design did in a scenario whose operations follow one another; null for threads. */
export const stepsText = (told: Told): string | null => (told.kind === 'threads' ? null : toldText(told));

/** Checks a design with an entry. */
export async function checkCode(
  code: string,
  entry: Entry,
  watch: Watch,
): Promise<{ readonly checked: DesignChecked; readonly name: string }> {
  if (entry.kind === 'memmap')
    throw new InputError(entry.id, '', 'is not about kernel functions that a design replaces');
  const design = await designOf(code);
  return { checked: checkDesign(entry, design, { watch, returns: new Map() }), name: design.name };
}
