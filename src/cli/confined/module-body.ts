import { Script } from 'node:vm';

interface Form {
  readonly filename: string;
  /** The global names that the code finds in place of those of Node. */
  readonly names: readonly string[];
  /** The parameters of the module's body. */
  readonly takes: string;
  /** What runs before the code, in the same line as its head. */
  readonly first: string;
}

/** A module in the form of CommonJS as a function that takes what its global names mean and returns its body. */
export function compileModule<Body>(
  code: string,
  { filename, names, takes, first }: Form,
): (surroundings: readonly unknown[]) => Body {
  const text = `(function ([${names.join(', ')}]) { return function (${takes}) { "use strict"; ${first}\n${code}\n}; })`;
  const script = new Script(text, { filename, lineOffset: -1 });
  return script.runInThisContext() as (surroundings: readonly unknown[]) => Body;
}
