import type { Holder } from '../../scenarios/pages/holders.ts';

const hex = (n: number): string => `0x${n.toString(16)}`;

/** What holds memory back; `show` is a command that shows the machine. */
export function holderText({ block, pages, why }: Holder, show: string): string {
  if (!pages) return `memory${block} is held back: ${why}`;
  const { pfn, nr_pages, start, size, kind, zone, owner } = pages;
  const which = nr_pages === 1 ? `pfn ${hex(pfn)}` : `pfn ${hex(pfn)}-${hex(pfn + nr_pages - 1)}`;
  const what = [kind, ...(zone ? [`zone ${zone}`] : []), ...(owner ? [owner] : [])].join(', ');
  return `memory${block} is held back by ${which} (${what}): ${why}; ${show} --range ${hex(start)}+${hex(size)}`;
}
