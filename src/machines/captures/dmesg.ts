import type { RamRange } from '../machine.ts';
import { architectureIn } from '../readers/architecture.ts';
import { MAX_ADDRESS } from '../readers/block-dirs.ts';

/** What the messages of a booting kernel say about its machine. */
export interface BootMessages {
  /** The architecture's name, modelled or not. */
  readonly arch?: string;
  readonly release?: string;
  readonly cmdline?: string;
  /** Bytes. */
  readonly block_size?: number;
  /** Bytes: the memory of a node by the number of its pages. */
  readonly page_size?: number;
  /** "Early memory node ranges": memblock's memory by node. */
  readonly ram: readonly RamRange[];
}

/** Priority, syslog's date and host, time stamp, caller. */
const PREFIX = /^(?:<\d+>)?(?:\S.*? kernel: ?)?(?:\[[^\]]*\])?(?:\[ *[TC]\d+\])? ?/;

/** Whether a text is the kernel's log from its beginning. */
export const isDmesg = (text: string): boolean =>
  /^.{0,120}\b(Linux version \d|Booting Linux on physical CPU)/m.test(text.slice(0, 4000));

const range = /\[mem 0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\]/;

/** Reads the messages of a boot; lines that say nothing about memory are passed over. */
export function parseDmesg(text: string): BootMessages {
  let release: string | undefined;
  let arch: string | undefined;
  let cmdline: string | undefined;
  let blockSize: number | undefined;
  let inRanges = false;
  const ram: RamRange[] = [];
  const totalPages = new Map<number, number>();
  for (const whole of text.split('\n')) {
    const line = whole.replace(/\r$/, '').replace(PREFIX, '');
    const version = /^Linux version (\d+\.\S{1,120})(.*)/.exec(line);
    if (version) {
      release = version[1]!;
      arch = architectureIn(release) ?? architectureIn(version[2]!) ?? arch;
    }
    cmdline ??= /^(?:Kernel command line|Command line): (.{0,4096})/.exec(line)?.[1];
    arch ??= /^BIOS-e820: /.test(line)
      ? 'x86_64'
      : /^Booting Linux on physical CPU 0x/.test(line)
        ? 'arm64'
        : undefined;
    const size = /^x86\/mm: Memory block size: (\d{1,9})MB/.exec(line);
    if (size) blockSize = Number(size[1]) * 2 ** 20;
    const pages = /^On node (\d{1,4}) totalpages: (\d{1,12})$/.exec(line);
    if (pages) totalPages.set(Number(pages[1]), Number(pages[2]));
    if (/^Early memory node ranges/.test(line)) inRanges = true;
    else if (inRanges) {
      const node = /^ +node +(\d{1,4}): /.exec(line);
      const found = range.exec(line);
      if (node && found) ram.push(...memory(Number(node[1]), found));
      else inRanges = false;
    }
  }
  const pageSize = pageSizeOf(ram, totalPages);
  return {
    ...(arch === undefined ? {} : { arch }),
    ...(release === undefined ? {} : { release }),
    ...(cmdline === undefined ? {} : { cmdline }),
    ...(blockSize === undefined ? {} : { block_size: blockSize }),
    ...(pageSize === undefined ? {} : { page_size: pageSize }),
    ram: ram.sort((a, b) => a.start - b.start),
  };
}

function memory(nid: number, [, first, last]: RegExpExecArray): RamRange[] {
  const start = Number.parseInt(first!, 16);
  const end = Number.parseInt(last!, 16) + 1;
  return end > start && end <= MAX_ADDRESS ? [{ start, size: end - start, nid }] : [];
}

function pageSizeOf(ram: readonly RamRange[], totalPages: ReadonlyMap<number, number>): number | undefined {
  for (const [nid, pages] of totalPages) {
    const bytes = ram.filter((range) => range.nid === nid).reduce((sum, { size }) => sum + size, 0);
    const size = [4096, 16_384, 65_536].find((size) => Math.abs(bytes / pages / size - 1) < 0.1);
    if (bytes > 0 && size !== undefined) return size;
  }
  return undefined;
}
