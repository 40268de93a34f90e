import { SourceProgram } from '../../source/program.ts';
import { loadBundle } from '../kbuild/bundle-file.ts';
import { type FindProgram, programFinder } from './find-program.ts';

/** Finds the scenario of a token on the C of a bundle. */
export const sourceFinder = (file: string | undefined, bundle: string): FindProgram =>
  programFinder(file, new SourceProgram(loadBundle(bundle)));
