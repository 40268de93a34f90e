import { BadBundle } from './stop.ts';

/** One file of the kernel as LLVM IR. */
export interface BundleModule {
  /** The name in the tree: "arch/arm64/mm/mmu.c". */
  readonly file: string;
  readonly text: string;
  /** Not of the tree: its functions stand in place of the tree's of the same names. */
  readonly replaces?: boolean;
}

/** What `mhp ir` makes of a kernel tree. It holds code derived from the kernel and stays on the user's machine. */
export interface Bundle {
  readonly format: 'mhp-ir 1';
  readonly arch: 'arm64' | 'x86_64';
  /** The version of the tree: "6.1.192". */
  readonly version: string;
  /** The first line of `clang --version`. */
  readonly compiler: string;
  /** SHA-256 of the texts of all modules and of the configuration. */
  readonly hash: string;
  /** .config, without the lines of comments: name to value. */
  readonly config: Readonly<Record<string, string>>;
  /** Numbers of the processor's capabilities: "HAS_LSE_ATOMICS" and so on. */
  readonly capabilities: Readonly<Record<string, number>>;
  readonly modules: readonly BundleModule[];
}

/** Options of .config by name; an option that is not set is absent. */
export function readConfig(text: string): Record<string, string> {
  const options: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/^CONFIG_(\w+)=(.*)$/gm))
    options[name!] = value!.replace(/^"(.*)"$/, '$1');
  return options;
}

/** Features from x86's cpufeatures.h, which numbers them as word and bit. */
export function readFeatures(header: string): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const [, name, word, bit] of header.matchAll(
    /^#define\s+X86_FEATURE_(\w+)\s+\(\s*(\d+)\s*\*\s*32\s*\+\s*(\d+)\)/gm,
  ))
    numbers[name!] = Number(word) * 32 + Number(bit);
  return numbers;
}

/** Capabilities from the header that arm64's build generates. */
export function readCapabilities(header: string): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const [, name, value] of header.matchAll(/^#define\s+ARM64_(\w+)\s+(\d+)\s*$/gm))
    numbers[name!] = Number(value);
  return numbers;
}

/** Whether a tree is of a series older than another: of "5.10.262", 5.13. */
export function isBefore({ version }: { readonly version: string }, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a < major || (a === major && b < minor);
}

const isText = (value: unknown): value is string => typeof value === 'string';

/**
 * A bundle from its JSON.
 * @throws BadBundle if it is none, or of another format
 */
export function parseBundle(json: string, file: string): Bundle {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new BadBundle(`${file}: not a bundle of mhp ir`);
  }
  const bundle = value as Partial<Bundle> | null;
  if (typeof bundle !== 'object' || bundle?.format !== 'mhp-ir 1')
    throw new BadBundle(`${file}: not a bundle of this mhp: make it again with mhp ir`);
  const whole =
    isText(bundle.version) &&
    isText(bundle.compiler) &&
    isText(bundle.hash) &&
    typeof bundle.config === 'object' &&
    typeof bundle.capabilities === 'object' &&
    Array.isArray(bundle.modules) &&
    bundle.modules.every((m: Partial<BundleModule> | null) => isText(m?.file) && isText(m?.text));
  if (!whole) throw new BadBundle(`${file}: the bundle is damaged: make it again with mhp ir`);
  return bundle as Bundle;
}
