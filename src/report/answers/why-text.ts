import type { Owner } from '../../answers/owner/owner.ts';
import type { BlockAnswer, PageCount, Reason } from '../../answers/why/answer.ts';
import { blocksText, hex, plural, rangeOf, section, sizeOf } from './words.ts';

/** Answers of `mhp why` as text: first the answer in a line, then the reasons. */

const OWNERS: Readonly<Record<Owner['kind'], string>> = {
  dimm: 'DIMM',
  dax: 'dax device',
  cxl: 'CXL region',
  'virtio-mem': 'virtio-mem device',
  balloon: 'balloon',
  pmem: 'persistent memory',
  boot: 'boot memory',
  added: 'memory added after boot',
};

export const ownerText = ({ kind, device }: Owner): string =>
  device === null ? OWNERS[kind] : `${OWNERS[kind]} ${device}`;

const KINDS: Readonly<Record<PageCount['kind'], string>> = {
  'no page': 'no page',
  reserved: 'reserved',
  hwpoison: 'poisoned',
  buddy: 'free',
  PageOffline: 'PageOffline',
  hugetlb: 'hugetlb',
  slab: 'slab',
  'page table': 'page table',
  lru: 'movable',
  kernel: 'kernel',
  bare: 'unmarked (kernel, or free on the list of a CPU)',
  unmovable: 'unmovable',
};

const pagesText = ({ kind, pages, first }: PageCount): string =>
  `${plural(pages, `${KINDS[kind]} page`)}, the first at pfn ${hex(first)}`;

/** The reason in a few words, for the first line and for tables. */
export function reasonText({ kind, pages, ranges, about }: Reason): string {
  const [first] = pages;
  const names = [...new Set(ranges.map(({ name }) => name))].join(', ');
  switch (kind) {
    case 'holes':
      return `it has holes (${names})`;
    case 'zones':
      return `its pages are in several zones${about ? ` (${about})` : ''}`;
    case 'nodes':
      return `it spans nodes${about ? ` (${about})` : ''}`;
    case 'unmovable':
      return first && first.kind !== 'unmovable'
        ? `${KINDS[first.kind]} page at pfn ${hex(first.first)}`
        : `unmovable page at pfn ${hex(first?.first ?? 0)}`;
    case 'reserved':
      return `reserved pages${names ? ` (${names})` : ''}, the first at pfn ${hex(first?.first ?? 0)}`;
    case 'boot memory':
      return 'it is boot memory, which arm64 never offlines';
    case 'leaf':
      return 'it would split a block mapping of the linear map';
    case 'hugetlb':
      return 'huge pages that neither move nor dissolve';
    case 'hwpoison':
      return 'a page of it failed (hwpoison)';
    case 'PageOffline':
      return 'a driver holds pages of it (PageOffline)';
    case 'no room':
      return 'its pages find no room elsewhere';
    case 'partial block':
      return 'not all of its sections are present';
    case 'no hotremove':
      return 'the kernel is built without CONFIG_MEMORY_HOTREMOVE';
    default:
      return about ?? 'the kernel refuses it';
  }
}

/** The answer for a block in a line. */
export function firstLine(answer: BlockAnswer): string {
  const { block, verdict, errno, reason } = answer;
  const name = `memory${block}`;
  if (verdict === 'offline') return `${name} is offline already.`;
  if (verdict === 'yes') return `${name} can be taken offline.`;
  if (verdict === 'unsure') return `${name}: nothing seen keeps it online, but its pages could not be seen.`;
  return `${name} cannot be taken offline: ${errno ?? 'the kernel would crash'}: ${reason ? reasonText(reason) : ''}.`;
}

/** What the kernel trips over: pages, who has them, ranges. */
export function foundText(reason: Reason): string[] {
  const found = [
    ...reason.pages.map(pagesText),
    ...reason.pages.flatMap(({ owners }) =>
      (owners ?? []).map(({ name, pages }) => `${plural(pages, 'page')} by ${name}`),
    ),
    ...reason.ranges.map(
      ({ name, start: at, size: length }) => `${rangeOf(at, length)} ${name} (${sizeOf(length)})`,
    ),
    ...(reason.about ? [reason.about] : []),
  ];
  return found.length > 0 ? found : [reasonText(reason)];
}

export function blockText(answer: BlockAnswer): string {
  const { start, size, zone, nodes, reason, owner, messages, migrate, mapped, cures, depends, seen, unseen } =
    answer;
  const lines = [firstLine(answer)];
  const where = [
    rangeOf(start, size),
    sizeOf(size),
    ...(zone ? [`zone ${zone}`] : []),
    `node ${nodes.join(', ') || '?'}`,
  ];
  lines.push(`  ${where.join(', ')}; ${ownerText(owner)}`);
  if (owner.resources.length > 0) lines.push(`  /proc/iomem: ${owner.resources.join(' > ')}`);
  if (owner.firmware.length > 0)
    lines.push(
      `  firmware: ${owner.firmware.map((one) => `${one.name} ${rangeOf(one.start, one.size)}`).join(', ')}`,
    );
  if (reason) {
    const found = foundText(reason);
    lines.push(...section(`refused in ${reason.where}`, found));
  }
  if (migrate !== null && answer.verdict === 'yes' && migrate > 0)
    lines.push(
      `  ${plural(migrate, 'page')} would migrate${mapped === null ? '' : `; programs have mapped ${plural(mapped, 'page')}`}`,
    );
  lines.push(...section('the kernel prints', messages));
  for (const { text, commands } of cures) lines.push(...section(`cure: ${text}`, commands));
  if (answer.verdict === 'yes')
    lines.push(
      ...section('commands', [`echo offline > /sys/devices/system/memory/memory${answer.block}/state`]),
    );
  lines.push(...section('seen', seen), ...section('depends', depends), ...section('not seen', unseen));
  return lines.map((line) => `${line}\n`).join('');
}

const shortReason = (answer: BlockAnswer): string =>
  answer.reason ? `${answer.errno ?? 'BUG'}: ${answer.reason.kind}` : '';

/** Blocks in a row with the same answer. */
export interface SameBlocks {
  readonly first: BlockAnswer;
  readonly last: BlockAnswer;
  /** Why not, in two words; empty if nothing is known to keep them. */
  readonly short: string;
}

export function sameBlocks(answers: readonly BlockAnswer[]): SameBlocks[] {
  const rows: { first: BlockAnswer; last: BlockAnswer; short: string; key: string }[] = [];
  for (const answer of answers) {
    const short = shortReason(answer);
    const key = [answer.verdict, short, answer.zone, answer.nodes, ownerText(answer.owner)].join('\0');
    const before = rows.at(-1);
    if (before && before.last.block + 1 === answer.block && before.key === key) before.last = answer;
    else rows.push({ first: answer, last: answer, short, key });
  }
  return rows;
}

/** Blocks in a row with the same answer, as a table. */
export function blocksTable(answers: readonly BlockAnswer[]): string {
  const head = ['BLOCKS', 'RANGE', 'OFFLINE', 'WHY NOT', 'ZONE', 'NODE', 'OWNER'];
  const table = sameBlocks(answers).map(({ first, last, short }) => [
    blocksText(first.block, last.block),
    rangeOf(first.start, last.start + last.size - first.start),
    first.verdict,
    short,
    first.zone ?? '-',
    first.nodes.join(',') || '-',
    ownerText(first.owner),
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...table].map((row) => row[i]!.length)));
  return [head, ...table]
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** The answer for many blocks in a line. */
export function sumLine(answers: readonly BlockAnswer[]): string {
  const n = (verdict: BlockAnswer['verdict']): number =>
    answers.filter((one) => one.verdict === verdict).length;
  const size = answers[0]?.size ?? 0;
  const parts = [
    `${n('yes')} of ${plural(answers.length, 'block')} can be taken offline (${sizeOf(n('yes') * size)})`,
    ...(n('no') > 0 ? [`${n('no')} cannot`] : []),
    ...(n('unsure') > 0 ? [`${n('unsure')} unsure: their pages could not be seen`] : []),
    ...(n('offline') > 0 ? [`${n('offline')} offline already`] : []),
  ];
  return `${parts.join(', ')}.\n`;
}
