import { InputError } from '../../../src/errors/input-error.ts';
import { UserError } from '../../../src/errors/user-error.ts';
import * as explorer from '../../../src/explorer.ts';
import * as mhp from '../../../src/index.ts';
import { Exploration } from '../../../src/schedule/search/exploration.ts';
import type { Watch } from '../../../src/schedule/search/pace.ts';
import { explored } from './explore.ts';
import type { ExploreAnswer } from './protocol.ts';
import { defaultOf } from './user-module.ts';

/** Explores a program that a person wrote. @throws InputError */
export async function exploreCode(code: string, watch: Watch): Promise<ExploreAnswer> {
  const made = await defaultOf(code, 'program', { 'mhp/explorer': explorer, mhp });
  if (!(made instanceof Exploration))
    throw new InputError('program', '', 'its default export is not what explore() of mhp/explorer returns');
  try {
    return explored(made, watch);
  } catch (error) {
    // whatever its threads and monitors throw is a fault of the program
    if (error instanceof UserError) throw error;
    throw new InputError('program', '', error instanceof Error ? error.message : String(error));
  }
}
