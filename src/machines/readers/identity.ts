import { InputError, quote } from '../../errors/input-error.ts';
import type { Arch } from '../../geometry/sizes.ts';
import type { Block, IomemEntry, ZoneInfo } from '../machine.ts';
import type { Recorded } from '../sources/open.ts';
import type { FileTree } from '../sources/tree.ts';

/** What the caller knows and the source may lack. */
export interface Known {
  readonly arch?: Arch;
  /** Bytes. */
  readonly page_size?: number;
  readonly release?: string;
}

export interface Identity {
  readonly arch: Arch;
  readonly page_size: number;
  readonly va_bits?: number;
  readonly release?: string;
  readonly cmdline?: string;
  readonly missing: readonly string[];
}

/** Evidence for architecture and page size from the rest of the source. */
export interface Traces {
  readonly iomem: readonly IomemEntry[] | undefined;
  readonly zones: readonly ZoneInfo[] | undefined;
  readonly blocks: readonly Block[] | undefined;
  readonly block_size: number | undefined;
}

const UNAME_FILES = ['uname', 'sos_commands/kernel/uname_-a', 'sos_commands/host/uname_-a'];

/**
 * Architecture, page size, release, command line and address width, from the first of: the caller, the recording, uname, /proc/version, and
 * what only one architecture has in its resources. The page size follows from the memory that the zones hold in pages.
 */
export function identify(
  tree: FileTree,
  recorded: Recorded | undefined,
  known: Known,
  traces: Traces,
): Identity {
  const missing: string[] = [];
  const uname = firstText(tree, UNAME_FILES);
  const version = tree.readText('proc/version')?.trim();
  const arch =
    known.arch ??
    recorded?.ops.arch ??
    archOfUname(uname) ??
    archOfVersion(version) ??
    archOfIomem(traces.iomem);
  if (arch === undefined) missing.push('no uname: the architecture is unknown, x86_64 is assumed');
  const release = known.release ?? recorded?.ops.kernel ?? releaseOf(uname) ?? releaseOf(version);
  if (release === undefined) missing.push('no uname or proc/version: the kernel release is unknown');
  const cmdline = tree.readText('proc/cmdline')?.trim() ?? recorded?.ops.cmdline;
  if (cmdline === undefined) missing.push('no proc/cmdline: boot options are unknown');
  const pageSize =
    known.page_size ?? recorded?.ops.page_size ?? (arch === 'arm64' ? pageSizeOf(traces) : 4096);
  if (pageSize === undefined) missing.push('the page size is unknown, 4096 is assumed');
  const vaBits = recorded && vaBitsOf(recorded.top);
  return {
    arch: arch ?? 'x86_64',
    page_size: pageSize ?? 4096,
    ...(vaBits === undefined ? {} : { va_bits: vaBits }),
    ...(release === undefined ? {} : { release }),
    ...(cmdline === undefined ? {} : { cmdline }),
    missing,
  };
}

function firstText(tree: FileTree, paths: readonly string[]): string | undefined {
  for (const path of paths) {
    if (tree.kind(path) === 'dir') continue;
    const text = tree.readText(path)?.trim();
    if (text) return text;
  }
  return undefined;
}

function archOfUname(uname: string | undefined): Arch | undefined {
  if (uname === undefined) return undefined;
  if (/\baarch64\b/.test(uname)) return 'arm64';
  return /\bx86_64\b/.test(uname) ? 'x86_64' : undefined;
}

/** Distributions add the architecture to the release: "6.1.0-56-amd64", "5.14.0-503.el9.aarch64". */
function archOfVersion(version: string | undefined): Arch | undefined {
  if (version === undefined) return undefined;
  if (/(aarch64|arm64)/.test(version)) return 'arm64';
  return /(x86_64|x86-64|amd64)/.test(version) ? 'x86_64' : undefined;
}

function archOfIomem(iomem: readonly IomemEntry[] | undefined): Arch | undefined {
  for (const { name } of iomem ?? []) {
    if (/^(Local APIC|IOAPIC \d|Video ROM)/.test(name)) return 'x86_64';
    if (/^(GIC[DR]\b|ARMH\d|PCI ECAM|arm,)/.test(name)) return 'arm64';
  }
  return undefined;
}

/** "Linux host 6.1.192 #1 …" of uname, "Linux version 6.1.192 (…" of /proc/version. */
function releaseOf(text: string | undefined): string | undefined {
  return /^Linux \S+ (\d+\.\S{1,120})/.exec(text ?? '')?.[1];
}

/** The granule for which the pages of all zones best match the size of the memory. */
function pageSizeOf({ iomem, zones, blocks, block_size }: Traces): number | undefined {
  const pages = (zones ?? []).reduce((sum, zone) => sum + zone.present, 0);
  if (pages === 0) return undefined;
  let bytes = 0;
  for (const entry of iomem ?? []) {
    if (/^System RAM/.test(entry.name) && entry.end > 0) bytes += entry.end - entry.start + 1;
  }
  if (bytes === 0)
    bytes = (blocks ?? []).filter(({ state }) => state === 'online').length * (block_size ?? 0);
  if (bytes === 0) return undefined;
  const distance = (size: number): number => Math.abs(Math.log(bytes / pages / size));
  return [4096, 16_384, 65_536].reduce((best, size) => (distance(size) < distance(best) ? size : best));
}

/** The bits of a kernel virtual address: from the recording, or 64 - T1SZ of TCR_EL1. */
function vaBitsOf(top: FileTree): number | undefined {
  const text = top.readText('machine.json');
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(top.source, 'machine.json', `is not JSON: ${(error as Error).message}`);
  }
  const bits = field(field(value, 'geometry'), 'va_bits');
  const tcr = field(field(value, 'regs'), 'TCR_EL1');
  if (typeof bits === 'number') return checked(bits, top, String(bits));
  if (typeof tcr !== 'string' || !/^0x[0-9a-f]{1,16}$/.test(tcr)) return undefined;
  return checked(64 - Number((BigInt(tcr) >> 16n) & 0x3fn), top, tcr);
}

function checked(bits: number, top: FileTree, text: string): number {
  if (Number.isInteger(bits) && bits >= 36 && bits <= 57) return bits;
  throw new InputError(
    top.source,
    'machine.json',
    `${quote(text)} gives no address width from 36 to 57 bits`,
  );
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
