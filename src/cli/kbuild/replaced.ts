import { InputError } from '../../errors/input-error.ts';
import { type IrFunction, readModule } from '../../ir/read/module.ts';
import type { BundleModule } from '../../source/bundle.ts';

const signature = ({ returns, parameters, variadic }: IrFunction): string =>
  JSON.stringify([returns, parameters.map(({ type }) => type), variadic]);

const functionsOf = (module: BundleModule): readonly IrFunction[] => [
  ...readModule(module.text).functions.values(),
];

/** A function of the user's that stands in place of one that the tree's files define or call. */
export interface Replaced {
  readonly name: string;
  /** Whether it takes and returns what the tree's does; if not, all callers have to be the user's. */
  readonly alike: boolean;
}

/** @throws InputError for a file none of whose functions the tree's files define or call */
export function replacedFunctions(
  file: string,
  own: BundleModule,
  tree: readonly BundleModule[],
): readonly Replaced[] {
  const ofTree = tree.flatMap(functionsOf);
  const replaced = functionsOf(own)
    .filter(({ declared, internal }) => !declared && !internal)
    .flatMap((one) => {
      const others = ofTree.filter(({ name }) => name === one.name);
      if (others.length === 0) return [];
      return [{ name: one.name, alike: others.every((other) => signature(other) === signature(one)) }];
    });
  if (replaced.length === 0)
    throw new InputError(
      '--replace',
      file,
      'defines no function that the compiled files of the tree have or call',
    );
  return replaced;
}
