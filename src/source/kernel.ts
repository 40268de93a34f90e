import { ImpossibleMachine } from '../errors/impossible-machine.ts';
import type { Int64 } from '../ir/read/values.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Steps } from '../steps/step.ts';
import { Addresses } from './addresses.ts';
import { Conversion } from './functions.ts';
import { functionsOf, type SourceFunctionName } from './functions-of.ts';
import type { SourceProgram } from './program.ts';
import { type GivenArguments, runSource, type SourceArgument } from './run.ts';
import { BadBundle } from './stop.ts';

const PAGE_SHIFTS = { ARM64_4K_PAGES: 12, ARM64_16K_PAGES: 14, ARM64_64K_PAGES: 16 } as const;

/** Refuses a machine on which the kernel of the bundle would not have this geometry. */
function checkGeometry(k: Kernel, program: SourceProgram): void {
  const { config, arch } = program.bundle;
  if (arch !== k.c.arch) throw new BadBundle(`the bundle is of ${arch}, the machine is of ${k.c.arch}`);
  if (arch === 'x86_64') {
    // addresses of five levels are no safe integers
    if (k.c.t.levels === 5)
      throw new ImpossibleMachine("the kernel's own C of x86-64 runs with four levels only");
    return;
  }
  const shift = Object.entries(PAGE_SHIFTS).find(([name]) => config[name] === 'y')?.[1];
  if (shift !== k.c.PAGE_SHIFT || Number(config.ARM64_VA_BITS) !== k.c.t.va_bits) {
    throw new BadBundle(
      `the bundle is of a kernel with pages of ${2 ** ((shift ?? 0) - 10)}K and ${config.ARM64_VA_BITS} bits, ` +
        `the machine's has ${k.c.PAGE_SIZE / 1024}K and ${k.c.t.va_bits}`,
    );
  }
  if (Number(config.ARM64_PA_BITS) !== k.c.MAX_PHYSMEM_BITS) {
    throw new BadBundle(
      `the bundle is of a kernel with physical addresses of ${config.ARM64_PA_BITS} bits, the machine's has ` +
        `${k.c.MAX_PHYSMEM_BITS}`,
    );
  }
}

/** The model has as many sections in a root as a page holds without CONFIG_PAGE_EXTENSION. */
function checkSections({ c }: Kernel, program: SourceProgram): void {
  if (program.struct('mem_section').size * c.SECTIONS_PER_ROOT === c.PAGE_SIZE) return;
  throw new BadBundle('the bundle is of a kernel with CONFIG_PAGE_EXTENSION, whose sections are larger');
}

/** Huge vmaps depend on whether kernel_page_tables is built in. */
function checkPtdump({ c }: Kernel, { bundle }: SourceProgram): void {
  if (c.PTDUMP_DEBUGFS === (bundle.config.PTDUMP_DEBUGFS === 'y')) return;
  const [is, asked] = c.PTDUMP_DEBUGFS ? ['without', 'with'] : ['with', 'without'];
  throw new ImpossibleMachine(
    `the bundle is of a kernel ${is} CONFIG_PTDUMP_DEBUGFS, the machine's is ${asked} it (mhp ir --config)`,
  );
}

/** The name in C of a function of the model: the first that the bundle has. */
const nameInC = (fn: SourceFunctionName, program: SourceProgram): string =>
  tableOf(program)[fn]?.c.find((name) => program.has(name)) ?? fn;

/** A row of {@link functionsOf}, whatever its arguments. */
interface AnyFunction {
  readonly c: readonly string[];
  convert(to: Conversion, k: Kernel, ...args: unknown[]): readonly SourceArgument[];
  result(value: Int64, args: unknown[], to: Conversion): unknown;
  given?(to: Conversion, args: unknown[]): GivenArguments;
  also?(k: Kernel, args: unknown[]): Steps<readonly SourceArgument[]>;
  after?(k: Kernel, value: Int64, args: unknown[]): Steps<void>;
}

const tableOf = ({ bundle }: SourceProgram): Readonly<Record<string, AnyFunction>> =>
  functionsOf(bundle.arch) as unknown as Readonly<Record<string, AnyFunction>>;

/** Which functions are C, and how they run. */
export interface SourceOptions {
  /** The functions of the model that C replaces; by default all of {@link functionsOf} that the bundle has. */
  readonly functions?: readonly SourceFunctionName[];
  /** Nothing else runs: threads need not say what they remember. */
  readonly alone?: boolean;
}

/** The functions of the model for which the C of a bundle can stand. */
export const sourceFunctions = (program: SourceProgram): readonly SourceFunctionName[] =>
  (Object.keys(tableOf(program)) as SourceFunctionName[]).filter((fn) => program.has(nameInC(fn, program)));

/**
 * A kernel some of whose functions are the C of a bundle.
 * @throws BadBundle if the bundle was built for another geometry, or lacks a function that is named
 * @throws ImpossibleMachine if it was built with other options than the machine has, or the machine has five levels
 */
export function sourceKernel(k: Kernel, program: SourceProgram, options: SourceOptions = {}): Kernel {
  checkGeometry(k, program);
  const names = options.functions ?? sourceFunctions(program);
  if (names.includes('ioremap_page_range')) checkPtdump(k, program);
  if (names.includes('sparse_add_section')) checkSections(k, program);
  const to = new Conversion(k.c, new Addresses(k.c, program), program);
  const replaced: Record<string, unknown> = {};
  for (const name of names) {
    const c = nameInC(name, program);
    const row = tableOf(program)[name];
    if (!row || !program.has(c)) throw new BadBundle(`the bundle has no function ${c}()`);
    const { convert, result, given, also, after } = row;
    replaced[name] = function* (this: Kernel, ...args: unknown[]): Steps<unknown> {
      // what a release has not yet comes last
      const more = also ? yield* also(this, args) : [];
      const words = [...convert(to, this, ...args), ...more].slice(0, program.arity(c));
      const run = { alone: options.alone ?? false, given: given?.(to, args) ?? {} };
      const value = yield* runSource(this, program, c, words, run);
      if (after) yield* after(this, value, args);
      return program.isVoid(c) ? undefined : result(value, args, to);
    };
  }
  return { ...k, ...replaced };
}
