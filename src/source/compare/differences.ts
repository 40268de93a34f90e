import type { TlbiOp } from '../../hardware/tlb/tlbi.ts';
import { type CompareEvent, FLAGS_OF_PAGE, NO_ROOT, putText, tlbiText } from './events.ts';
import { comparableSpans } from './spans.ts';

/** A way in which the C does more, or does it in other pieces, than the model, and why it is no disagreement. */
export interface NamedDifference {
  readonly name: string;
  readonly why: string;
}

/** Differences by which events are passed over; the report counts how often. */
export const DIFFERENCES = {
  again: {
    name: 'an entry is read again',
    why: 'the entry, or struct page, that the thread has accessed last; the C reads some entries once more: to compare, through a level that is folded, or in a macro that evaluates its argument twice',
  },
  contpte: {
    name: 'a PTE is read before it is cleared',
    why: 'contpte_try_unfold() looks whether it is contiguous, which changes nothing for the kernel',
  },
  section_root: {
    name: 'mem_section[root]',
    why: 'the C looks for the section through its root each time, in pfn_valid() before rcu_read_lock_sched(); the model looks at the root where it may be missing, in sparse_index_init(). A root that is there stays',
  },
  section_reads: {
    name: 'a field of a section, or its map, is read',
    why: 'where the operation also writes one: under mem_hotplug_lock nobody else does, and the C reads more often, the words of a map as well as the pointer to it; whether a whole section is early it does not ask. What only reads (pfn_valid()) is compared read by read',
  },
  section_pieces: {
    name: 'a field of a section is written in pieces',
    why: 'the map word by word, the flags and the pointer of section_mem_map one after the other; the model has one write',
  },
  remapped: {
    name: 'pfn_valid()',
    why: 'whether the struct page of device memory that is already mapped is printed, which has none, and whether pages that vmap() is given have struct pages, which all have',
  },
  table_dsb: {
    name: 'DSB after a table is allocated',
    why: 'it makes the zeroes of the new table visible; the model has a table zeroed before anybody can walk it',
  },
  slot_barriers: {
    name: 'barriers after a slot of the fixmap is set',
    why: "they make the slot's own entry visible, which the model does not have; every write before has had its barriers",
  },
  verify: {
    name: 'vmemmap_verify()',
    why: 'it compares the node of the struct pages with that of their memory and prints "potential offnode page_structs" once; the model looks at both in one step, and only on a machine of several nodes',
  },
  search: {
    name: 'a search for the next page of a zone',
    why: 'the model finds it in one step; the C reads sections and struct pages one after another. The span that is written afterwards is compared',
  },
  poison: {
    name: 'page_init_poison() by sections',
    why: 'remove_pfn_range_from_zone() calls it for each section, the model for the range',
  },
  span_reads: {
    name: 'a field of a span is read',
    why: 'between two writes each field counts once and in any order, and the start of a zone without pages not at all: under mem_hotplug_lock nobody else writes them, and each plain read may be made once or twice',
  },
  span_again: {
    name: 'a field of a span is written again',
    why: 'with the same value: init_currently_empty_zone() has written the start, which resize_zone_range() writes again',
  },
  pieces: {
    name: 'TLBIs page by page',
    why: 'the model has one step for a series of TLBIs on consecutive pages; a thread of C can be interrupted in it',
  },
  once: {
    name: 'whether WARN_ONCE() has warned is read',
    why: 'compiled code may read it before it knows whether there is something to warn of; that it is set is compared',
  },
  put_pages: {
    name: 'put_page()',
    why: 'until v5.16 memunmap_pages() puts the references of the struct pages one by one; the model looks at all of them in one step',
  },
} as const satisfies Readonly<Record<string, NamedDifference>>;

export type DifferenceName = keyof typeof DIFFERENCES;

export type DifferenceCounts = Partial<Record<DifferenceName, number>>;

const VERIFY =
  /^(early_pfn_to_nid |node_distance |(?:has|set)_warned "vmemmap_verify"|printk .*potential offnode page_structs)/;

const ONCE = /^has_warned "(?:pagemap_range|memremap_pages|memunmap_pages)/;

const isSlot = (e: CompareEvent | undefined): boolean => e?.text.startsWith('set_slot ') === true;
const isCleared = (e: CompareEvent | undefined): boolean =>
  e?.text.startsWith('set_slot ') === true && e.text.endsWith(' 0');

/** The events without those that are passed over. `counts` is added to. */
export function comparable(
  all: readonly CompareEvent[],
  counts: DifferenceCounts,
  pageSize: number,
): readonly CompareEvent[] {
  const events = comparableSpans(all, counts);
  const kept: CompareEvent[] = [];
  let last: number | string | undefined;
  const count = (name: DifferenceName): void => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  // the barriers that belong to a slot that has just been set
  let slot: readonly string[] = [];
  let cleared = false;
  const writesSections = events.some(({ written }) => written);
  for (const e of events) {
    if (slot.length > 0 && e.text === slot[0]) {
      slot = slot.slice(1);
      count('slot_barriers');
      continue;
    }
    slot = [];
    if (cleared && e.text === 'dsb ishst') {
      cleared = false;
      count('table_dsb');
      continue;
    }
    cleared = false;
    if (e.text.startsWith('pfn_valid ')) {
      count('remapped');
      continue;
    }
    if (e.text.startsWith('has_key "mem_section_root"') || e.text === NO_ROOT) {
      count('section_root');
      continue;
    }
    if (e.section !== undefined) {
      const before = kept.at(-1);
      if (e.written && before?.written && before.section === e.section) {
        kept[kept.length - 1] = e;
        count('section_pieces');
        continue;
      }
      if (!e.written && (writesSections || last === e.section || e.words)) {
        count('section_reads');
        continue;
      }
      last = e.section;
    }
    if (VERIFY.test(e.text)) {
      count('verify');
      continue;
    }
    if (ONCE.test(e.text)) {
      count('once');
      continue;
    }
    if (e.text.startsWith(FLAGS_OF_PAGE) && e.text === kept.at(-1)?.text) {
      count('again');
      continue;
    }
    if (e.kind === 'read' && e.entry === last) {
      count('again');
      continue;
    }
    if (e.swapped !== undefined && kept.at(-1)?.kind === 'read' && kept.at(-1)?.entry === e.swapped) {
      kept.pop();
      count('contpte');
    }
    if (e.entry !== undefined) last = e.entry;
    const before = kept.at(-1);
    // the model's step is of all pages, also where one has no struct page
    if (before?.put && e.text.startsWith('walk '))
      kept[kept.length - 1] = { kind: 'other', text: putText(before.put.start) };
    if (e.put && before?.put && before.put.end === e.put.start) {
      const put = { start: before.put.start, end: e.put.end };
      kept[kept.length - 1] = { kind: 'other', text: putText(put.start, put.end), put };
      count('put_pages');
      continue;
    }
    const series = e.tlbi && before?.tlbi && joined(before.tlbi, e.tlbi, pageSize);
    if (series) {
      kept[kept.length - 1] = { kind: 'tlbi', text: tlbiText(series), tlbi: series };
      count('pieces');
      continue;
    }
    kept.push(e);
    // FIX_PGD is set under its lock
    if ((isSlot(e) && !isCleared(e)) || e.text === 'lock swapper_pgdir_lock') slot = ['dsb ishst', 'isb'];
    cleared = e.text.startsWith('clear_pages ');
  }
  return kept;
}

/** Two TLBIs as one series, if the second goes on where the first ends. */
function joined(a: TlbiOp, b: TlbiOp, pageSize: number): TlbiOp | undefined {
  const same = a.by === 'va' && b.by === 'va' && a.last_level === b.last_level && a.broadcast === b.broadcast;
  const end = (a.va ?? 0) + (a.pages ?? 1) * pageSize;
  return same && end === b.va ? { ...a, pages: (a.pages ?? 1) + (b.pages ?? 1) } : undefined;
}
