import { InputError, quote } from '../../errors/input-error.ts';
import type { Arch } from '../../geometry/sizes.ts';
import type { IomemEntry } from '../machine.ts';
import type { Recorded } from '../sources/chosen.ts';
import type { FileTree } from '../sources/tree.ts';
import {
  against,
  architectureIn,
  assumeArchitecture,
  type Evidence,
  isModelled,
  notModelled,
} from './architecture.ts';
import { closePageSize, type PageTraces, pageSizeOf } from './page-size.ts';

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

const UNAME_FILES = ['uname', 'sos_commands/kernel/uname_-a', 'sos_commands/host/uname_-a'];

/**
 * Architecture, page size, release, command line and address width, from the first of: the caller, the recording,
 * uname, /proc/version, and what only one architecture has in its resources, zones or blocks. The page size follows
 * from the memory that the zones hold in pages, or from the size of arm64's blocks.
 *
 * @throws InputError for an architecture that is not modelled
 */
export function identify(
  tree: FileTree,
  recorded: Recorded | undefined,
  known: Known,
  traces: PageTraces,
): Identity {
  const evidence: Evidence = { ...traces, page_size: closePageSize(traces) };
  const missing: string[] = [];
  const uname = firstText(tree, UNAME_FILES);
  const version = tree.readText('proc/version')?.trim();
  const release =
    known.release ?? recorded?.ops.kernel ?? releaseOf(uname) ?? releaseOf(version) ?? traces.boot?.release;
  const arch = identifyArch(
    known.arch,
    recorded?.ops.arch ??
      archOfTexts(uname, releaseOf(version), version) ??
      traces.boot?.arch ??
      archOfIomem(traces.iomem),
    evidence,
    tree.source,
    missing,
  );
  const cmdline = tree.readText('proc/cmdline')?.trim() ?? recorded?.ops.cmdline ?? traces.boot?.cmdline;
  if (cmdline === undefined) missing.push('no proc/cmdline: boot options are unknown');
  const pageSize = known.page_size ?? recorded?.ops.page_size ?? pageSizeOf(arch, traces, missing);
  const vaBits = recorded && vaBitsOf(recorded.top);
  if (arch === 'arm64' && vaBits === undefined)
    missing.push('the width of addresses is unknown, 48 bits are assumed');
  return {
    arch,
    page_size: pageSize,
    ...(vaBits === undefined ? {} : { va_bits: vaBits }),
    ...(release === undefined ? {} : { release }),
    ...(cmdline === undefined ? {} : { cmdline }),
    missing,
  };
}

/** The architecture that the caller gives, the source names, or its memory allows, in this order. */
function identifyArch(
  given: Arch | undefined,
  named: string | undefined,
  evidence: Evidence,
  source: string,
  missing: string[],
): Arch {
  if (given === undefined && named === undefined) {
    const assumed = assumeArchitecture(evidence, source);
    missing.push(assumed.note);
    return assumed.arch;
  }
  const arch = given ?? named!;
  if (!isModelled(arch)) throw new InputError(source, '', notModelled(arch));
  if (given !== undefined && named !== undefined && given !== named)
    missing.push(`the source says ${named}: it is taken as ${given}`);
  const why = against(arch, evidence);
  if (why !== undefined) missing.push(`taken as ${arch}, although ${why}`);
  return arch;
}

function firstText(tree: FileTree, paths: readonly string[]): string | undefined {
  for (const path of paths) {
    if (tree.kind(path) === 'dir') continue;
    const text = tree.readText(path)?.trim();
    if (text) return text;
  }
  return undefined;
}

/** uname and kernel releases name the architecture; a version also names the compiler, which counts last. */
function archOfTexts(...texts: readonly (string | undefined)[]): string | undefined {
  for (const text of texts) {
    const arch = text === undefined ? undefined : architectureIn(text);
    if (arch !== undefined) return arch;
  }
  return undefined;
}

function archOfIomem(iomem: readonly IomemEntry[] | undefined): Arch | undefined {
  for (const { name } of iomem ?? []) {
    if (/^(Local APIC|IOAPIC \d|HPET \d|Video ROM|System ROM|PCI MMCONFIG|Kernel rodata)/.test(name))
      return 'x86_64';
    if (/^(GIC[DR]\b|ARMH\d|arm,)/.test(name)) return 'arm64';
  }
  return undefined;
}

/** "Linux host 6.1.192 #1 …" of uname, "Linux version 6.1.192 (…" of /proc/version. */
function releaseOf(text: string | undefined): string | undefined {
  return /^Linux \S+ (\d+\.\S{1,120})/.exec(text ?? '')?.[1];
}

/** The bits of a kernel virtual address: from the recording, by its levels of tables on x86-64, or 64 - T1SZ of TCR_EL1. */
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
  if (field(field(value, 'geometry'), 'levels') === 5 && bits === undefined) return 57;
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
