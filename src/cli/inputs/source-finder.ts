import { SourceProgram } from '../../source/program.ts';
import { loadBundle } from '../kbuild/bundle-file.ts';
import { treeLines } from '../kbuild/tree.ts';
import { type FindProgram, programFinder } from './find-program.ts';

/** Finds the scenario of a token on the C of a bundle; with a tree the story shows its lines. */
export function sourceFinder(file: string | undefined, bundle: string, tree?: string): FindProgram {
  const program = new SourceProgram(loadBundle(bundle));
  if (tree !== undefined) program.tree = treeLines(tree, program.bundle.version);
  return programFinder(file, program);
}
