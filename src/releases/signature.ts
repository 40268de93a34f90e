import type { Arch } from '../geometry/sizes.ts';
import { mainline, type Release, releases } from './index.ts';

/** The parameters of a function of a release, as its text declares them. */
export interface Signature {
  /** Names in order; one that an older variant ignores has no leading underscore here. */
  readonly names: readonly string[];
  /** How many a call must give. */
  readonly least: number;
}

const HEAD = /^(?:async\s+)?(?:function\s*)?\*?\s*[\w$]*\s*\(/;

/** The text between the parentheses of a function's head. */
function parameterText(text: string): string {
  const start = HEAD.exec(text)?.[0].length ?? text.indexOf('(') + 1;
  let depth = 1;
  let end = start;
  for (; end < text.length; end++) {
    const c = text[end]!;
    if ('([{'.includes(c)) depth++;
    else if (')]}'.includes(c) && --depth === 0) break;
  }
  return text.slice(start, end);
}

/** Splits at commas outside of brackets and quotes. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const c of text) {
    if ('([{'.includes(c)) depth++;
    else if (')]}'.includes(c)) depth--;
    if (c === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += c;
  }
  return [...parts, part].map((one) => one.replace(/\/\*.*?\*\//gs, '').trim()).filter((one) => one !== '');
}

const plain = (name: string): string => name.replace(/^_(?!_)/, '');

/** The parameters of a function by its text. Null if it takes any number of them. */
export function signature(text: string): Signature | null {
  const names: string[] = [];
  let least = 0;
  for (const parameter of split(parameterText(text))) {
    const rest = /^\.\.\.\s*(.*)$/s.exec(parameter)?.[1];
    if (rest !== undefined) {
      const listed = /^\[(.*)\]$/s.exec(rest)?.[1];
      if (listed === undefined) return null;
      const all = split(listed).map(plain);
      names.push(...all);
      least = names.length;
      continue;
    }
    const [name, standard] = parameter.split('=', 2) as [string, string?];
    names.push(plain(name.trim().replace(/\s+/g, ' ')));
    if (standard === undefined) least = names.length;
  }
  return { names, least };
}

type Functions = Readonly<Record<string, ((...args: never[]) => unknown) | undefined>>;

const ARCHES: readonly Arch[] = ['arm64', 'x86_64'];
const known = new Map<string, Signature | null>();

/** The fewest arguments that a function takes on a release, or on any if that is null; null if it is not there. */
export function leastArguments(name: string, release: Release | null): number | null {
  const all = (release ? [release] : [...releases.values()]).flatMap((one) =>
    ARCHES.flatMap((arch) => (one.functions(arch) as unknown as Functions)[name]?.length ?? []),
  );
  return all.length > 0 ? Math.min(...all) : null;
}

/**
 * The parameters of a function name on an architecture: those of the newest release that has it, and of an older one if
 * that takes more. Null if no release has it, or each variant takes any number.
 */
export function signatureOf(name: string, arch: Arch): Signature | null {
  const key = `${arch} ${name}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  let longest: Signature | null = null;
  const order = [...mainline.toReversed(), ...releases.values()];
  const variants = new Set(order.map((release) => (release.functions(arch) as unknown as Functions)[name]));
  for (const fn of variants) {
    const own = fn ? signature(fn.toString()) : null;
    if (own && (longest === null || own.names.length > longest.names.length)) longest = own;
  }
  known.set(key, longest);
  return longest;
}
