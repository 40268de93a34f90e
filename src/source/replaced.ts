import { type IrFunction, readModule } from '../ir/read/module.ts';
import type { BundleModule } from './bundle.ts';

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

/** The functions of a user's module that stand in place of the tree's; none if the tree's files neither define nor call one. */
export function replacedFunctions(own: BundleModule, tree: readonly BundleModule[]): readonly Replaced[] {
  const ofTree = tree.flatMap(functionsOf);
  return functionsOf(own)
    .filter(({ declared, internal }) => !declared && !internal)
    .flatMap((one) => {
      const others = ofTree.filter(({ name }) => name === one.name);
      if (others.length === 0) return [];
      return [{ name: one.name, alike: others.every((other) => signature(other) === signature(one)) }];
    });
}
