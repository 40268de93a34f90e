import { InputError } from '../../errors/input-error.ts';
import { type Arch, PAGE_SIZES } from '../../geometry/sizes.ts';
import type { Block, ZoneInfo } from '../machine.ts';

/** What the blocks and zones of a source say about the architecture of its machine. */
export interface Evidence {
  readonly zones: readonly ZoneInfo[] | undefined;
  readonly blocks: readonly Block[] | undefined;
  /** Bytes. */
  readonly block_size: number | undefined;
  /** Bytes: what the pages of the zones imply, if they imply one. */
  readonly page_size: number | undefined;
}

/** Architectures by the words that uname, kernel releases and compilers use for them; the first that occurs counts. */
const WORDS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/aarch64|arm64/, 'arm64'],
  [/x86_64|x86-64|amd64/, 'x86_64'],
  [/s390x?/, 's390x'],
  [/ppc64le|powerpc64le|ppc64el/, 'ppc64le'],
  [/ppc64|powerpc64/, 'ppc64'],
  [/riscv64/, 'riscv64'],
  [/loongarch64|loong64/, 'loongarch64'],
  [/mips64/, 'mips64'],
  [/sparc64/, 'sparc64'],
  [/\bi[3-6]86\b|-686(-|\b)/, 'i686'],
  [/armv[5-8]\w*|armhf|-armmp/, 'arm'],
];

/** The architecture that a text names, modelled or not; undefined if it names none. */
export const architectureIn = (text: string): string | undefined =>
  WORDS.find(([pattern]) => pattern.test(text))?.[1];

const MODELLED: readonly Arch[] = ['x86_64', 'arm64'];

export const isModelled = (name: string): name is Arch => (MODELLED as readonly string[]).includes(name);

/** What an architecture's kernels can have; bytes. */
interface Limits {
  readonly name: string;
  readonly blocks: (size: number) => boolean;
  readonly blocksText: string;
  readonly pages: readonly number[];
  /** Where a zone ends at the latest; a zone that is not listed may lie anywhere, and one with 0 does not exist. */
  readonly zones: Readonly<Record<string, number>>;
}

const M = 2 ** 20;
const G = 2 ** 30;

/**
 * Sections and memory blocks: SECTION_SIZE_BITS and memory_block_size_bytes() of the architectures, arm64's from v5.2
 * to v7.2. Zones: arch/x86/mm/init.c, arch/s390/mm/init.c, arch/powerpc/mm/mem.c; arm64's ZONE_DMA may hold everything.
 */
const LIMITS: readonly Limits[] = [
  {
    name: 'x86_64',
    blocks: (size) => size >= 128 * M && size <= 2 * G,
    blocksText: '128M to 2G',
    pages: PAGE_SIZES.x86_64,
    zones: { DMA: 16 * M, DMA32: 4 * G },
  },
  {
    name: 'arm64',
    blocks: (size) => [128 * M, 512 * M, G].includes(size),
    blocksText: '128M, 512M or 1G',
    pages: PAGE_SIZES.arm64,
    zones: {},
  },
  {
    name: 's390x',
    blocks: (size) => size >= 256 * M,
    blocksText: '256M or more',
    pages: [4096],
    zones: { DMA: 2 * G, DMA32: 0 },
  },
  {
    name: 'ppc64',
    blocks: (size) => size >= 16 * M,
    blocksText: '16M or more',
    pages: [4096, 65_536],
    zones: { DMA32: 0 },
  },
];

const hex = (address: number): string => `0x${address.toString(16)}`;

/** MEM_SIZE_FOR_LARGE_BLOCK: below, x86-64 has memory blocks of one section. */
const LARGE_BLOCKS_FROM = 64 * G;

/** Why the source cannot be of this architecture, in words; undefined if it can. */
export function against(
  arch: string,
  { zones, blocks, block_size, page_size }: Evidence,
): string | undefined {
  const limits = LIMITS.find(({ name }) => name === arch);
  if (limits === undefined) return undefined;
  if (page_size !== undefined && !limits.pages.includes(page_size))
    return `${arch} has no pages of ${page_size} bytes, which the zones count`;
  if (block_size !== undefined && !limits.blocks(block_size))
    return `memory blocks of ${arch} have ${limits.blocksText}, not ${hex(block_size)} bytes`;
  const end = ((blocks?.at(-1)?.id ?? -1) + 1) * (block_size ?? 0);
  if (arch === 'x86_64' && end > 0 && end < LARGE_BLOCKS_FROM && block_size! > 128 * M)
    return `with memory up to ${hex(end)}, memory blocks of ${arch} have 128M, not ${hex(block_size!)} bytes`;
  for (const { id, valid_zones } of blocks ?? []) {
    const start = id * (block_size ?? 0);
    const zone = valid_zones?.find((name) => start >= (limits.zones[name] ?? Number.POSITIVE_INFINITY));
    if (zone !== undefined) return outside(arch, limits, zone, `memory${id} at ${hex(start)}`);
  }
  for (const { name, nid, start_pfn, spanned } of zones ?? []) {
    if (spanned > 0 && start_pfn * (page_size ?? 4096) >= (limits.zones[name] ?? Number.POSITIVE_INFINITY))
      return outside(arch, limits, name, `that of node ${nid} at pfn ${hex(start_pfn)}`);
  }
  return undefined;
}

function outside(arch: string, limits: Limits, zone: string, where: string): string {
  const end = limits.zones[zone]!;
  return end === 0
    ? `${arch} has no zone ${zone}, but ${where} is in it`
    : `zone ${zone} of ${arch} ends at ${hex(end)}, but ${where} is in it`;
}

export interface Assumed {
  readonly arch: Arch;
  /** One line for the user. */
  readonly note: string;
}

/**
 * The architecture to assume for a source that does not name it: the first that its blocks and zones do not rule out.
 * @throws InputError if they rule out all that are modelled
 */
export function assumeArchitecture(evidence: Evidence, source: string): Assumed {
  const [fits, ...rest] = MODELLED.filter((arch) => against(arch, evidence) === undefined);
  if (fits === undefined) throw new InputError(source, '', noArchitecture(evidence));
  if (rest.length > 0)
    return { arch: fits, note: `no uname: the architecture is unknown, ${fits} is assumed` };
  const why = MODELLED.flatMap((arch) => against(arch, evidence) ?? []).join('; ');
  return { arch: fits, note: `no uname: the architecture is unknown, ${fits} is assumed: ${why}` };
}

function noArchitecture(evidence: Evidence): string {
  const others = LIMITS.map(({ name }) => name)
    .filter((name) => !isModelled(name) && against(name, evidence) === undefined)
    .join(' or ');
  const why = MODELLED.flatMap((arch) => against(arch, evidence) ?? []).join('; ');
  const what =
    others === '' ? 'is of an architecture that is not modelled' : `is of ${others}, which is not modelled`;
  return `${what}: ${why}`;
}

/** The refusal of a source that names an architecture without a model. */
export const notModelled = (name: string): string =>
  `is of ${name}: only ${MODELLED.join(' and ')} are modelled`;
