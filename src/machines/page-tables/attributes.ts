import {
  AF,
  AP_RDONLY,
  AP_USER,
  ATTR_INDEX_SHIFT,
  CONT,
  DBM,
  GP,
  NG,
  PROT_NONE,
  PXN,
  SH_INNER,
  SW_DEVMAP,
  SW_DIRTY,
  SW_SPECIAL,
  TABLE_BIT,
  UXN,
  VALID,
} from '../../hardware/descriptor/descriptor.ts';

/** Words of an attribute text in tables/*.json. G, RW-EL1 and similar words name a bit that is clear, or repeat AP=. */
const WORDS: Readonly<Record<string, number>> = {
  PXN,
  UXN,
  AF,
  CONT,
  DBM,
  GP,
  nG: NG,
  G: 0,
  sw55: SW_DIRTY,
  sw56: SW_SPECIAL,
  sw57: SW_DEVMAP,
  sw58: PROT_NONE,
};

/**
 * The bits of a leaf's descriptor without its address (packed as in src/hardware/descriptor.ts), from a text such as
 * "AP=0 RW-EL1 PXN UXN AF G CONT sw55(DIRTY) SH3 ATTR1". Valid; bits that the recorder did not decode, DBM among them,
 * are 0.
 *
 * @returns undefined for any other text
 */
export function leafAttr(text: string, block: boolean): number | undefined {
  let attr = VALID | (block ? 0 : TABLE_BIT);
  const seen = new Set<string>();
  for (const word of text.split(' ')) {
    const match =
      /^(AP=|SH|ATTR)([0-7])$/.exec(word) ??
      /^(R[OW]-EL)[01]$/.exec(word) ??
      /^(\w+)(?:\([A-Z]+\))?$/.exec(word);
    const [, name, digit] = match ?? [];
    if (name === undefined || seen.has(name)) return undefined;
    seen.add(name);
    const value = Number(digit ?? 0);
    if (name === 'AP=' && value < 4) attr |= (value & 1 ? AP_USER : 0) | (value & 2 ? AP_RDONLY : 0);
    else if (name === 'SH' && value < 4) attr |= (value << 8) & SH_INNER;
    else if (name === 'ATTR' && digit !== undefined) attr |= value << ATTR_INDEX_SHIFT;
    else if (name === 'RO-EL' || name === 'RW-EL') {
      if ((name === 'RO-EL') !== ((attr & AP_RDONLY) !== 0)) return undefined;
    } else if (Object.hasOwn(WORDS, name)) attr |= WORDS[name]!;
    else return undefined;
  }
  return ['AP=', 'SH', 'ATTR'].every((name) => seen.has(name)) ? attr : undefined;
}

/** The words of a line of kernel_page_tables for bits that are set; ro, NX and BLK have an opposite. */
const LINE_WORDS: Readonly<Record<string, number>> = {
  F: 0,
  USR: AP_USER,
  ro: AP_RDONLY,
  RW: 0,
  NX: PXN,
  x: 0,
  SHD: SH_INNER,
  AF,
  NG,
  CON: CONT,
  BLK: 0,
  UXN,
  GP,
};

/**
 * The bits that a line of kernel_page_tables shows, from its columns after the level.
 * @param memory_types names by AttrIndx, which differ between releases; an unlisted name is rejected
 * @returns undefined if the text is not such columns
 */
export function lineAttr(text: string, memoryTypes: readonly (string | undefined)[]): number | undefined {
  const words = text.split(/ +/).filter((word) => word !== '');
  let attr = VALID | TABLE_BIT;
  const seen = new Set<string>();
  for (const [i, word] of words.entries()) {
    if (seen.has(word)) return undefined;
    seen.add(word);
    if (Object.hasOwn(LINE_WORDS, word)) attr |= LINE_WORDS[word]!;
    else {
      const index = memoryTypes.indexOf(word);
      if (index < 0 || i !== words.length - 1) return undefined;
      attr |= index << ATTR_INDEX_SHIFT;
    }
  }
  if (seen.has('ro') === seen.has('RW') || seen.has('NX') === seen.has('x')) return undefined;
  if (seen.has('F')) attr &= ~VALID;
  if (seen.has('BLK')) attr &= ~TABLE_BIT;
  return attr;
}
