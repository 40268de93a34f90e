import { UserError } from '../errors/user-error.ts';
import type { Arch } from '../geometry/sizes.ts';
import { isKernelFunction } from '../kernel/function-names.ts';
import type { Kernel, KernelFunctions } from '../kernel/kernel.ts';
import { defineRelease as define, type Functions, type Release, type ReleaseDefinition } from './define.ts';
import { currentName } from './former-names.ts';
import { findRelease, notARelease, releases } from './index.ts';
import { nearest } from './nearest.ts';

/** The functions that a design replaces, by kernel name, and its own, whose names start with `$`. */
type Defined = Functions & Readonly<Record<`$${string}`, unknown>> & ThisType<Kernel>;

/** The functions of a design, or a function that makes them from those of the base. */
export type Overrides = Defined | ((base: KernelFunctions) => Defined);

/** Folders of the kernel tree whose functions belong to no architecture. */
const FOLDERS = ['mm', 'drivers', 'fs', 'kernel', 'lib', 'virt'] as const;
type Folder = (typeof FOLDERS)[number];

/** Folders of the kernel tree that belong to an architecture. */
const ARCH_FOLDERS = { 'arch/arm64': 'arm64', 'arch/x86': 'x86_64' } as const;

/**
 * A release as a user defines it: the functions it replaces, by folder of the kernel tree (`mm`, `drivers/base`,
 * `arch/arm64`), by architecture, or without folder under `functions`. A function outside the architecture folders
 * replaces the one of that name wherever the base has one.
 */
export type Design = {
  /** Default: design. */
  readonly name?: string;
  /** The base release: "v6.1", "arm64-v5", or one that has been defined. */
  readonly base: string | Release;
  readonly about?: string;
  readonly functions?: Overrides;
  readonly arch?: Readonly<Partial<Record<Arch, Overrides>>>;
} & Pick<ReleaseDefinition, 'constants' | 'memory_chain'> & {
    readonly [F in Folder | `${Folder}/${string}` | keyof typeof ARCH_FOLDERS]?: Overrides;
  };

/** A design that cannot be defined; the message says why. */
export class BadDesign extends UserError {
  override readonly name = 'BadDesign';
}

/** A release that keeps the design from which it was made. */
export interface DesignedRelease extends Release {
  readonly on: Release;
}

const ARCHES: readonly Arch[] = ['arm64', 'x86_64'];
const OTHER = new Set(['name', 'base', 'about', 'functions', 'arch', 'constants', 'memory_chain']);

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function baseOf(base: unknown): Release {
  if (isObject(base) && typeof (base as Partial<Release>).functions === 'function') return base as Release;
  if (typeof base !== 'string') throw new BadDesign('base: name a release, such as "v6.1"');
  const known = findRelease(base);
  if (known) return known;
  throw new BadDesign(`base: ${notARelease(base)}`);
}

/** The architectures of a design's key: null for an unknown key. */
function archesOf(key: string): readonly Arch[] | null {
  if (Object.hasOwn(ARCH_FOLDERS, key)) return [ARCH_FOLDERS[key as keyof typeof ARCH_FOLDERS]];
  return FOLDERS.some((folder) => key === folder || key.startsWith(`${folder}/`)) ? ARCHES : null;
}

interface Group {
  /** The place as a message names it. */
  readonly place: string;
  readonly arches: readonly Arch[];
  readonly overrides: unknown;
}

function groupsOf(design: Design): Group[] {
  const groups: Group[] = [{ place: 'functions', arches: ARCHES, overrides: design.functions ?? {} }];
  const rest = Object.entries(design).filter(([key]) => !OTHER.has(key));
  for (const [key, overrides] of rest) {
    const arches = archesOf(key);
    if (!arches)
      throw new BadDesign(`${key}: is not part of a design (mm, drivers/base, arch/arm64, functions, …)`);
    groups.push({ place: key, arches, overrides });
  }
  for (const [arch, overrides] of Object.entries(design.arch ?? {})) {
    if (!(ARCHES as readonly string[]).includes(arch))
      throw new BadDesign(`arch: ${arch} is not modelled (${ARCHES.join(', ')} are)`);
    groups.push({ place: `arch.${arch}`, arches: [arch as Arch], overrides });
  }
  return groups;
}

const generator = Object.getPrototypeOf(function* () {}).constructor as () => unknown;
const asyncNames = new Set(['AsyncFunction', 'AsyncGeneratorFunction']);

function checkFunction(place: string, fn: unknown, replaced: unknown): void {
  if (typeof fn !== 'function') throw new BadDesign(`${place} is not a function`);
  if (asyncNames.has(fn.constructor.name)) throw new BadDesign(`${place} is async: kernel functions are not`);
  if (fn instanceof generator && replaced !== null && !((replaced as object) instanceof generator))
    throw new BadDesign(`${place} yields steps, and the function it replaces takes none: write no *`);
}

/** The reason why there is no function of this name to replace. */
function unknown(name: string, base: Release, arches: readonly Arch[]): string {
  const has = (release: Release, arch: Arch): boolean => Object.hasOwn(release.functions(arch), name);
  const what = `${base.name} has no ${name}()`;
  const other = ARCHES.filter((arch) => !arches.includes(arch) && has(base, arch));
  if (other.length > 0) return `${what} on ${arches.join(', ')}, but on ${other.join(', ')}`;
  const others = [...releases.values()].filter((release) => arches.some((arch) => has(release, arch)));
  if (others.length > 0) return `${what}; ${others[0]!.name} has`;
  const near = nearest(
    name,
    new Set(arches.flatMap((arch) => Object.keys(base.functions(arch)).filter(isKernelFunction))),
  );
  return near.length > 0 ? `${what}; near it: ${near.join(', ')}` : what;
}

/** The functions that a group replaces on one architecture. */
function overridesOn(
  { place, overrides }: Group,
  base: Release,
  arch: Arch,
): Readonly<Record<string, unknown>> {
  const made = typeof overrides === 'function' ? overrides(base.functions(arch)) : overrides;
  if (!isObject(made)) throw new BadDesign(`${place}: is not an object of functions`);
  return made as Readonly<Record<string, unknown>>;
}

function layer(groups: readonly Group[], base: Release): Record<Arch, Functions> {
  const layers: Record<Arch, Record<string, unknown>> = { arm64: {}, x86_64: {} };
  for (const group of groups) {
    const found = new Set<string>();
    const wanted = new Set<string>();
    for (const arch of group.arches) {
      const own = base.functions(arch);
      for (const [name, fn] of Object.entries(overridesOn(group, base, arch))) {
        wanted.add(name);
        const added = !isKernelFunction(name) && !Object.hasOwn(own, name);
        if (!added && !Object.hasOwn(own, name)) continue;
        found.add(name);
        checkFunction(`${group.place}: ${name}`, fn, added ? null : own[name as keyof KernelFunctions]);
        layers[arch][name] = fn;
      }
    }
    const lost = [...wanted].find((name) => !found.has(name));
    if (lost !== undefined) throw new BadDesign(`${group.place}: ${unknown(lost, base, group.arches)}`);
  }
  return layers as Record<Arch, Functions>;
}

/**
 * Defines a design: a user's own release, by the functions it replaces.
 * @throws BadDesign if the base is not a release, or has no function of a given name
 */
export function defineRelease(design: Design): DesignedRelease {
  if (!isObject(design)) throw new BadDesign('defineRelease() takes an object');
  const { name = 'design', about = '', constants, memory_chain } = design;
  if (typeof name !== 'string' || !/^[\w.+-]{1,64}$/.test(name))
    throw new BadDesign('name: letters, digits, "_", ".", "+" and "-", 64 at most');
  if (releases.has(currentName(name))) throw new BadDesign(`name: ${name} is a release of the model`);
  const on = baseOf(design.base);
  const release = define({
    name,
    base: on,
    about: about || `a design on ${on.name}`,
    arch: layer(groupsOf(design), on),
    ...(constants ? { constants } : {}),
    ...(memory_chain ? { memory_chain } : {}),
  });
  if (release.own.length === 0 && !constants && !memory_chain)
    throw new BadDesign(`nothing of ${on.name} is replaced`);
  return { ...release, on };
}

/** The functions that a design defines on an architecture: those it replaces, and its own. */
export const defined = ({ on, functions }: DesignedRelease, arch: Arch): string[] => {
  const [ofBase, own] = [on.functions(arch), functions(arch)];
  return Object.keys(own).filter(
    (name) => own[name as keyof KernelFunctions] !== ofBase[name as keyof KernelFunctions],
  );
};

/** The names that a design replaces on an architecture. */
export const replaced = (design: DesignedRelease, arch: Arch): string[] =>
  defined(design, arch).filter((name) => Object.hasOwn(design.on.functions(arch), name));
