import { SourceMap } from 'node:module';
import { basename } from 'node:path';
import { watchDesign, watchExports, watchOwn } from '../../check/design/untaken.ts';
import * as explorer from '../../explorer.ts';
import * as mhp from '../../index.ts';
import { BadDesign, type Design, type DesignedRelease } from '../../releases/design.ts';
import { currentName } from '../../releases/former-names.ts';
import { nearest } from '../../releases/nearest.ts';
import type { Bundle } from '../files/design-bundle.ts';
import { compileModule } from './module-body.ts';
import { type Print, surroundings } from './surroundings.ts';

type Exports = Readonly<Record<string, unknown>>;
type Body = (
  this: undefined,
  module: { exports: { default?: unknown } },
  exports: object,
  require: (name: string) => Exports,
  watch: typeof watchOwn,
) => void;

const OURS: Exports = watchExports(mhp);
const EXPLORER: Exports = watchExports(explorer);

/**
 * A frame in the code of a design. Compiled here, because no regular expression can be made once the stack has
 * overflowed.
 */
const FRAME = /mhp-design-(\d+)\.js:(\d+):(\d+)\)?$/m;

/** A use of what esbuild imports from mhp. */
const IMPORTED = /\bimport_(?:mhp|explorer)\d*\.([\w$]+)/g;

/** A generator function of a module, as esbuild prints it. */
const GENERATOR = /^function\* ?([\w$]+)/gm;

/** Lets the steps of a module's own generator functions be noted. */
const watchingOwn = (code: string): string =>
  [...code.matchAll(GENERATOR)].map(([, name]) => `${name} = watchOwn("${name}", ${name});`).join(' ');

/** The modules of a design, or of a series of designs. They are compiled once and evaluated anew for each run. */
export class DesignModules {
  readonly #bundles: readonly Bundle[];
  readonly #print: Print;
  /** The operations that the designs have defined. */
  readonly #operations = new WeakSet<object>();
  readonly #bodies: readonly ((surroundings: readonly unknown[]) => Body)[];

  /** @throws BadDesign */
  constructor(bundles: readonly Bundle[], print: Print) {
    this.#bundles = bundles;
    this.#print = print;
    const names = Object.keys(surroundings(print));
    this.#bodies = bundles.map(({ code }, i) => {
      this.#checkImports(code, i);
      return compileModule<Body>(code, {
        filename: `mhp-design-${i}.js`,
        names,
        takes: 'module, exports, require, watchOwn',
        first: watchingOwn(code),
      });
    });
  }

  /**
   * The designs, each on the one before it.
   * @throws whatever a module throws
   */
  evaluate(): DesignedRelease[] {
    const designs: DesignedRelease[] = [];
    for (const [i, body] of this.#bodies.entries()) designs.push(this.#evaluate(i, body, designs));
    return designs;
  }

  #evaluate(i: number, body: (surroundings: readonly unknown[]) => Body, before: readonly DesignedRelease[]) {
    const module: { exports: { default?: unknown } } = { exports: {} };
    const define = before.length === 0 ? mhp.defineRelease : onto(before);
    const ours = {
      ...OURS,
      defineRelease: (design: Design) => define(isObject(design) ? watchDesign(design) : design),
      operation: (descriptor: Parameters<typeof mhp.operation>[0]) => {
        const made = mhp.operation(descriptor);
        this.#operations.add(made);
        return made;
      },
    };
    const require = (name: string): Exports => (name === 'mhp' ? ours : EXPLORER);
    body(Object.values(surroundings(this.#print))).call(undefined, module, module.exports, require, watchOwn);
    const design = module.exports.default as Partial<DesignedRelease> | undefined;
    if (design === undefined) throw new WrongModule(i, 'it has no default export');
    if (typeof design !== 'object' || design === null || !design.on || typeof design.functions !== 'function')
      throw new WrongModule(i, 'its default export is not what defineRelease() returns');
    return design as DesignedRelease;
  }

  #checkImports(code: string, i: number): void {
    const there = new Set([...Object.keys(mhp), ...Object.keys(explorer)]);
    for (const { 1: name, index } of code.matchAll(IMPORTED)) {
      if (there.has(name!)) continue;
      const near = nearest(name!, there);
      const before = code.slice(0, index).split('\n');
      const place = this.#placeAt(i, before.length, before.at(-1)!.length + 1);
      throw new WrongModule(
        i,
        `mhp has no ${name}${near.length > 0 ? `; near it: ${near.join(', ')}` : ''}${place && ` (${place})`}`,
      );
    }
  }

  /** Whether a design has defined this operation itself. */
  defines(operation: object): boolean {
    return this.#operations.has(operation);
  }

  /**
   * The place in a user's file from which an error comes: "design.ts:12"; "" if it is unknown. What a function that the
   * kernel has not got may be is added.
   */
  placeIn(error: unknown): string {
    const frame = frameOf(error);
    if (!frame) return '';
    const [i, line, column] = frame.slice(1).map(Number) as [number, number, number];
    const place = this.#placeAt(i, line, column);
    const missing = error instanceof TypeError ? missingIn(this.#bundles[i]!.code.split('\n')[line - 1]) : '';
    return missing === '' ? place : `${place}: ${missing}`;
  }

  /** Which module an error comes from, by its index; the last one if that is unknown. */
  indexOf(error: unknown): number {
    const frame = frameOf(error);
    return frame ? Number(frame[1]) : this.#bundles.length - 1;
  }

  #placeAt(i: number, line: number, column: number): string {
    const found = new SourceMap(JSON.parse(this.#bundles[i]!.map)).findEntry(line - 1, column - 1);
    return 'originalSource' in found ? `${basename(found.originalSource)}:${found.originalLine + 1}` : '';
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The frame of a design in a stack; a proxy may throw when it is asked for one. */
function frameOf(error: unknown): RegExpExecArray | null {
  try {
    return FRAME.exec(error instanceof Error ? (error.stack ?? '') : '');
  } catch {
    return null;
  }
}

const KERNEL_MEMBERS = ['c', 'errno', 'alone', 'release', 'memory_chain'];

/** A function called on the kernel that no release has, with those near it. */
function missingIn(line = ''): string {
  for (const [, name] of line.matchAll(/\b(?:this|base|k)\.([\w$]+)\s*\(/g)) {
    if (name!.startsWith('$') || KERNEL_MEMBERS.includes(name!)) continue;
    const known = new Set(
      [...mhp.releases.values()].flatMap((release) =>
        (['arm64', 'x86_64'] as const).flatMap((arch) => Object.keys(release.functions(arch))),
      ),
    );
    if (known.has(name!)) continue;
    const near = nearest(name!, known);
    return `the kernel has no ${name}()${near.length > 0 ? `; near it: ${near.join(', ')}` : ''}`;
  }
  return '';
}

/** A module that is no design. */
export class WrongModule extends BadDesign {
  readonly index: number;

  constructor(index: number, what: string) {
    super(what);
    this.index = index;
  }
}

/** defineRelease() for a module that comes after others of a series: what it names as its base is the design before it. */
const onto =
  (before: readonly DesignedRelease[]) =>
  (design: Design): DesignedRelease => {
    const last = before.at(-1)!;
    const { base } = (design ?? {}) as Partial<Design>;
    const name = typeof base === 'string' ? currentName(base) : base?.name;
    const root = before[0]!.on.name;
    if (typeof base === 'object' && !mhp.releases.has(base.name) && !before.some((one) => one.name === name))
      return mhp.defineRelease(design);
    if (name !== root && !before.some((one) => one.name === name))
      throw new BadDesign(`base: ${JSON.stringify(name)} is not what the series is on, which is ${root}`);
    return mhp.defineRelease({ ...design, base: last });
  };
