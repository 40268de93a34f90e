import { InputError, quote } from '../../errors/input-error.ts';

/** A recording's data on sections and struct pages: kernel/mem_section.txt and kernel/memmap.rle. */

/** One present section. */
export interface RecordedSection {
  readonly nr: number;
  /** Names of set flags of section_mem_map, in the kernel's order. */
  readonly flags: readonly string[];
  /** One bit per sub-section, 32 per word. */
  readonly subsection_map: readonly number[];
}

/** Adjacent equal struct pages. */
export interface RecordedPages {
  readonly pfn: number;
  readonly count: number;
  /** "node=1 zone=Device reserved=1 hwpoison=0", or "memmap-not-mapped". */
  readonly text: string;
  /** The result of pfn_valid for these pfns by the sub-section map. */
  readonly valid: boolean;
}

const SECTION = /^(\d+) 0x[0-9a-f]+ 0x[0-9a-f]+ ([A-Z_|]*) 0x[0-9a-f]+ 0x((?:[0-9a-f]{16})+|[0-9a-f]{1,16})$/;

/** @throws InputError for a line of another form */
export function parseSections(text: string, file: string): RecordedSection[] {
  const place = 'kernel/mem_section.txt';
  return content(text).map(([line, number]) => {
    const match = SECTION.exec(line);
    if (!match) throw new InputError(file, `${place} line ${number}`, `${quote(line)} is not a section`);
    const digits = match[3]!.padStart(16, '0');
    const subsectionMap: number[] = [];
    for (let end = digits.length; end > 0; end -= 8) {
      subsectionMap.push(Number.parseInt(digits.slice(end - 8, end), 16) | 0);
    }
    return {
      nr: Number(match[1]),
      flags: match[2]!.split('|').filter((name) => name !== ''),
      subsection_map: subsectionMap,
    };
  });
}

const PAGES = /^0x([0-9a-f]{1,13}) (\d+) \| (.*) \| valid=([01])$/;

/** @throws InputError for a line of another form */
export function parseMemmap(text: string, file: string): RecordedPages[] {
  const place = 'kernel/memmap.rle';
  return content(text).map(([line, number]) => {
    const match = PAGES.exec(line);
    if (!match) throw new InputError(file, `${place} line ${number}`, `${quote(line)} is not a run of pages`);
    return {
      pfn: Number.parseInt(match[1]!, 16),
      count: Number(match[2]),
      text: match[3]!.trim(),
      valid: match[4] === '1',
    };
  });
}

/** The lines that are not empty, with their numbers. */
const content = (text: string): [string, number][] =>
  text
    .split('\n')
    .map((line, i): [string, number] => [line, i + 1])
    .filter(([line]) => line !== '' && !line.startsWith('#'));
