import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
import type { KernelFunction, Sources } from './functions.ts';
import { keyOf } from './list.ts';
import { mutationsOf } from './mutants.ts';

/**
 * The sources with every mutated function beside its original; every call checks which of them runs. So steps keep
 * their identity, and one program can run all mutants.
 */

/**
 * The switch in the copy, a global named mutant: the key of the active mutant, whether it has been called, and the
 * functions that no batch form may replace.
 */
export interface Switch {
  on: string | null;
  called: boolean;
  /** The ids of the functions that have been called, mutated or not. */
  readonly calls: Set<string>;
  exactly: readonly string[];
}

const SWITCH = `
function mutated(id, original, mutants) {
  return function (...args) {
    const { mutant } = globalThis;
    if (mutant === undefined) return original.apply(this, args);
    mutant.calls.add(id);
    if (mutants[mutant.on] === undefined) return original.apply(this, args);
    mutant.called = true;
    return mutants[mutant.on].apply(this, args);
  };
}
`;

/** A function without its name: "(this: Kernel, …): Steps<void> {…}". */
const tail = ({ node }: KernelFunction): string =>
  node.getSourceFile().text.slice(node.parameters.pos - 1, node.getEnd());

function choice(fn: KernelFunction): string | null {
  const mutations = mutationsOf(fn);
  if (mutations.length === 0) return null;
  const mutants = mutations.map((m) => `${JSON.stringify(keyOf(fn, m))}: function* ${m.text}`);
  return `mutated(${JSON.stringify(fn.id)}, function* ${tail(fn)}, {${mutants.join(',\n')}})`;
}

/** A file with all its mutants in it. */
export function instrumented({ files, functions }: Sources, file: string): string {
  let { text } = files.get(file)!;
  const here = [...functions.values()].filter((fn) => fn.file === file);
  for (const fn of here.sort((a, b) => b.node.pos - a.node.pos)) {
    const chosen = choice(fn);
    if (chosen === null) continue;
    const { node } = fn;
    const start = node.getStart(node.getSourceFile());
    const replaced = ts.isMethodDeclaration(node)
      ? `${fn.name}: ${chosen}`
      : `${/^export /.test(text.slice(start)) ? 'export ' : ''}const ${fn.name} = ${chosen};`;
    text = text.slice(0, start) + replaced + text.slice(node.getEnd());
  }
  // a mutated function may be called by code before it
  return `${text}\n${SWITCH}`;
}

interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/**
 * If no functions are named to run as written, those of the mutant do. Boot is not a tear-down: it runs by its batch
 * forms, whatever is mutated.
 */
const CHANGES: readonly Change[] = [
  {
    file: 'src/runs/index.ts',
    from: 'exactly: readonly (keyof KernelFunctions)[] = []',
    to: 'exactly: readonly (keyof KernelFunctions)[] = globalThis.mutant?.exactly ?? []',
  },
  { file: 'src/boot/boot.ts', from: 'const alone = run_alone(k);', to: 'const alone = run_alone(k, []);' },
  {
    file: 'src/boot/boot.ts',
    from: 'options.explored ? explored : alone',
    to: 'options.explored ? explored : run_alone(k)',
  },
];

function change(root: URL, { file, from, to }: Change): void {
  const url = new URL(file, root);
  const text = readFileSync(url, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} does not contain: ${from}`);
  writeFileSync(url, text.replace(from, to));
}

/** Writes a copy of src and test below `to`, mutants included. */
export function writeInstrumented(sources: Sources, to: URL): void {
  rmSync(to, { recursive: true, force: true });
  for (const part of ['src', 'test', 'scenarios', 'package.json', 'tsconfig.json'])
    cpSync(new URL(part, sources.root), new URL(part, to), { recursive: true });
  for (const file of sources.files.keys()) writeFileSync(new URL(file, to), instrumented(sources, file));
  for (const one of CHANGES) change(to, one);
}
