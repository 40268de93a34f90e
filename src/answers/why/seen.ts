import type { AskedMachine } from '../machine.ts';
import { greatest, ownersByBlock } from '../pages/page-owner.ts';
import type { PageCount, Reason } from './answer.ts';

/** What files beside /proc/kpageflags show of a block that is refused for its pages. */

const PAGE_OWNER = ['sys/kernel/debug/page_owner', 'proc/page_owner'];
const known = new WeakMap<AskedMachine, ReturnType<typeof ownersByBlock> | null>();

/** By block; null without the file, which a kernel has that was booted with page_owner=on. */
function ownersOf(asked: AskedMachine): ReturnType<typeof ownersByBlock> | null {
  const before = known.get(asked);
  if (before !== undefined) return before;
  const { c } = asked.session.kernel;
  const lines = PAGE_OWNER.map((path) => asked.lines?.(path)).find((one) => one !== undefined);
  const found = lines ? ownersByBlock(lines, c.memory_block_size_bytes / c.PAGE_SIZE) : null;
  known.set(asked, found);
  return found;
}

const MOST = 5;

/** Adds who has allocated the pages, as far as page_owner says it, to the kinds that the kernel allocates. */
export function withOwners(asked: AskedMachine, block: number, reason: Reason): Reason {
  if (reason.kind !== 'unmovable') return reason;
  const owners = ownersOf(asked)?.get(block);
  const [first, ...others] = reason.pages;
  if (!owners || !first) return reason;
  const named: PageCount = { ...first, owners: greatest(owners, MOST) };
  return { ...reason, pages: [named, ...others] };
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)}M`;

/** The largest caches of /proc/slabinfo; null without it. */
function slabCaches({ tree, session }: AskedMachine): string | null {
  const text = tree?.readText('proc/slabinfo');
  if (!text) return null;
  const caches = [...text.matchAll(/^(\S+) +\d+ +\d+ +\d+ +\d+ +(\d+) .*: slabdata +\d+ +(\d+)/gm)]
    .map(([, name, pages, slabs]) => ({
      name: name!,
      bytes: Number(pages) * Number(slabs) * session.kernel.c.PAGE_SIZE,
    }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, MOST);
  if (caches.length === 0) return null;
  return `/proc/slabinfo, whole machine: ${caches.map(({ name, bytes }) => `${name} ${mib(bytes)}`).join(', ')}`;
}

/** The kinds of pageblocks of a block's zone, from /proc/pagetypeinfo; null without it. */
function pageblocks({ tree, session }: AskedMachine, block: number, zone: string | null): string | null {
  const text = tree?.readText('proc/pagetypeinfo');
  const [nid] = session.state.memory_block.get(block)!.links;
  if (!text || zone === null || nid === undefined) return null;
  const names = /^Number of blocks type +(.+)$/m.exec(text)?.[1]?.trim().split(/\s+/);
  const numbers = new RegExp(`^Node +${nid}, zone +${zone} +([\\d ]+)$`, 'm').exec(text)?.[1];
  if (!names || numbers === undefined) return null;
  const all = numbers.trim().split(/\s+/);
  const said = names.flatMap((name, i) =>
    all[i] === undefined || all[i] === '0' ? [] : [`${name} ${all[i]}`],
  );
  return `/proc/pagetypeinfo, pageblocks of node ${nid}, zone ${zone}: ${said.join(', ')}`;
}

/** One line for each file that tells more of pages that keep a block online. */
export function seenOf(
  asked: AskedMachine,
  block: number,
  zone: string | null,
  reason: Reason | null,
): string[] {
  if (reason?.kind !== 'unmovable') return [];
  const hasSlab = reason.pages.some(({ kind }) => kind === 'slab');
  return [hasSlab ? slabCaches(asked) : null, pageblocks(asked, block, zone)].filter((line) => line !== null);
}

/** What a file that is missing would tell. */
export function unseenOwners(asked: AskedMachine, reason: Reason | null): string[] {
  if (reason?.kind !== 'unmovable' || !asked.tree || ownersOf(asked) !== null) return [];
  return ['/sys/kernel/debug/page_owner: who has allocated the pages is unknown (page_owner=on at boot)'];
}
