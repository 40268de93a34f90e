import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';

const root = new URL('../../src/kernel/', import.meta.url).pathname;

/** A method of a function table. */
export interface Method {
  readonly name: string;
  /** Path in src/kernel. */
  readonly file: string;
}

const takesKernel = ({ parameters }: ts.MethodDeclaration): boolean => {
  const [first] = parameters;
  return first?.name.getText() === 'this' && first.type?.getText() === 'Kernel';
};

function methodsOf(file: string): Method[] {
  const found: Method[] = [];
  const source = ts.createSourceFile(file, readFileSync(root + file, 'utf8'), ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    if (ts.isMethodDeclaration(node) && takesKernel(node)) found.push({ name: node.name.getText(), file });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** All methods of the function tables in src/kernel. */
export const methods: readonly Method[] = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .sort()
  .flatMap(methodsOf);
