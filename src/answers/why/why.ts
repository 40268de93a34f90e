import { zone_idx } from '../../kernel/state.ts';
import type { AskedMachine } from '../machine.ts';
import { type Owner, ownerOf } from '../owner/owner.ts';
import { knownPages } from '../pages/summary.ts';
import { CLASS } from '../pages/word.ts';
import type { BlockAnswer, Verdict } from './answer.ts';
import { curesOf } from './cures.ts';
import { dependsOn } from './depends.ts';
import { movedProbe, type Probe, probeOffline } from './probe.ts';
import { reasonOf } from './reason.ts';
import { sameAnswer } from './same-answer.ts';
import { seenOf, unseenOwners, withOwners } from './seen.ts';

/** Whether memory blocks can be taken offline, and if not, why: what the kernel would do, in its own order. */

/** What could not be seen of a block's pages. */
function unseenOf({ pages, no_pages, session }: AskedMachine, block: number): string[] {
  const { c } = session.kernel;
  const perBlock = c.memory_block_size_bytes / c.PAGE_SIZE;
  const own = pages?.blocks.get(block);
  if (own && knownPages(own) === perBlock) return [];
  const why = own ? 'only some pages of it are recorded' : (no_pages ?? 'its pages are not recorded');
  return [`/proc/kpageflags: ${why}: what uses its pages is unknown`];
}

function verdictOf(asked: AskedMachine, block: number, probe: Probe, unseen: readonly string[]): Verdict {
  if (probe.errno !== null || probe.ended !== 'returned') return 'no';
  if (probe.chosen) return 'unsure';
  const { state, kernel } = asked.session;
  const { zone } = state.memory_block.get(block)!;
  const movable = zone >= 0 && zone_idx(zone) === kernel.c.ZONE_MOVABLE;
  return unseen.length === 0 || movable ? 'yes' : 'unsure';
}

function answerOf(
  asked: AskedMachine,
  block: number,
  probe: Probe | null,
  owner: Owner,
  depends: readonly string[] = dependsOn(asked, owner),
): BlockAnswer {
  const { state, kernel } = asked.session;
  const { c } = kernel;
  const own = state.memory_block.get(block)!;
  const size = c.memory_block_size_bytes;
  const common = {
    block,
    start: block * size,
    size,
    zone: own.zone < 0 ? null : c.zones[zone_idx(own.zone)]!,
    nodes: own.links,
    owner,
    depends,
  };
  if (probe === null)
    return {
      ...common,
      verdict: 'offline',
      errno: null,
      messages: [],
      reason: null,
      migrate: null,
      cures: [],
      mapped: null,
      seen: [],
      unseen: [],
    };
  const unseen = unseenOf(asked, block);
  const verdict = verdictOf(asked, block, probe, unseen);
  const reason = verdict === 'no' ? withOwners(asked, block, reasonOf(asked, block, probe, owner)) : null;
  const words = asked.pages?.blocks.get(block);
  return {
    ...common,
    verdict,
    errno: verdict === 'no' ? probe.errno : null,
    messages: verdict === 'unsure' ? [] : probe.messages,
    reason,
    migrate: words ? words.counts[CLASS.lru]! : null,
    cures: reason ? curesOf(asked, block, reason, owner) : [],
    mapped: null,
    seen: seenOf(asked, block, common.zone, reason),
    unseen: [...unseen, ...unseenOwners(asked, reason)],
  };
}

const tried = (asked: AskedMachine, block: number, owner: Owner): Probe =>
  probeOffline(asked, block, owner, unseenOf(asked, block).length > 0);

/** The answer for a block of the machine. */
export function why(asked: AskedMachine, block: number): BlockAnswer {
  const { offline } = asked.session.state.memory_block.get(block)!;
  const owner = ownerOf(asked, block);
  const answer = answerOf(asked, block, offline ? null : tried(asked, block, owner), owner);
  return offline ? answer : { ...answer, mapped: asked.mapped?.(block) ?? null };
}

/** What was tried on one block, and whether blocks like it differ from it in number, address and messages alone. */
interface Tried {
  readonly probe: Probe | null;
  readonly answer: BlockAnswer;
  plain: boolean | null;
}

/** The answers for many blocks; blocks that the kernel cannot tell apart are tried once. */
export function whyAll(asked: AskedMachine, blocks: readonly number[]): BlockAnswer[] {
  const known = new Map<string, Tried>();
  const { c } = asked.session.kernel;
  const size = c.memory_block_size_bytes;
  const key = sameAnswer(asked);
  return blocks.map((block) => {
    const like = key(block);
    const before = known.get(like);
    if (!before) {
      const { offline } = asked.session.state.memory_block.get(block)!;
      const owner = ownerOf(asked, block);
      const probe = offline ? null : tried(asked, block, owner);
      const answer = answerOf(asked, block, probe, owner);
      known.set(like, { probe, answer, plain: null });
      return answer;
    }
    const { probe, answer } = before;
    const moved = probe && movedProbe(probe, answer.block, block, size, c.PAGE_SIZE);
    const messages = answer.messages.length > 0 ? moved!.messages : answer.messages;
    const numbered = { ...answer, block, start: block * size, messages };
    if (before.plain && !asked.pages?.blocks.has(block)) return numbered;
    const own = answerOf(asked, block, moved, answer.owner, answer.depends);
    before.plain ??= JSON.stringify(own) === JSON.stringify(numbered);
    return own;
  });
}
