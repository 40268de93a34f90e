import { zone_idx } from '../../kernel/state.ts';
import { pageContextOf } from '../asked-pages.ts';
import type { AskedMachine } from '../machine.ts';
import { placeBlock } from '../pages/place.ts';
import { CLASS } from '../pages/word.ts';
import type { BlockAnswer } from '../why/answer.ts';
import { whyAll } from '../why/why.ts';
import { copyOf } from './trial.ts';

/** What taking memory away from a machine would do. */

export interface RemovePlan {
  /** Bytes that were asked for, and that can go. */
  readonly wanted: number;
  readonly possible: number;
  /** Blocks to take offline, in this order: offline ones first, then those with the least to migrate. */
  readonly blocks: readonly PlannedBlock[];
  /** Of the blocks asked for, or looked at to reach the size: those that stay, and why. */
  readonly stays: readonly BlockAnswer[];
  /** Bytes. `room`: what is free elsewhere; null if it is unknown. */
  readonly migrate: number;
  readonly room: number | null;
  readonly commands: readonly string[];
}

export interface PlannedBlock {
  readonly block: number;
  readonly offline: boolean;
  readonly zone: string | null;
  /** Pages that would migrate; null if unknown. */
  readonly migrate: number | null;
  /** Whether nothing seen speaks against it, but its pages could not be seen. */
  readonly unsure: boolean;
}

/** The cheaper first. */
function cost(asked: AskedMachine, { verdict, migrate, block }: BlockAnswer): number {
  const { zone } = asked.session.state.memory_block.get(block)!;
  if (verdict === 'offline') return -1;
  const movable = zone >= 0 && zone_idx(zone) === asked.session.kernel.c.ZONE_MOVABLE;
  return (verdict === 'unsure' ? 2 ** 50 : 0) + (movable ? 0 : 2 ** 40) + (migrate ?? 0);
}

/**
 * @param candidates the blocks that may be taken
 * @param size bytes to take; undefined for all candidates
 */
export function planRemove(
  asked: AskedMachine,
  candidates: readonly number[],
  size: number | undefined,
): RemovePlan {
  const { c } = asked.session.kernel;
  const bytes = c.memory_block_size_bytes;
  const wanted = size ?? candidates.length * bytes;
  const answers = whyAll(asked, candidates);
  const able = answers
    .filter(({ verdict }) => verdict !== 'no')
    .sort((a, b) => cost(asked, a) - cost(asked, b) || b.block - a.block);
  const session = copyOf(asked);
  const context = pageContextOf(asked);
  if (asked.pages) for (const [id, words] of asked.pages.blocks) placeBlock(session, id, words, context);
  const chosen: BlockAnswer[] = [];
  const stays = answers.filter(({ verdict }) => verdict === 'no');
  for (const answer of able) {
    if (chosen.length * bytes >= wanted) break;
    const path = `/sys/devices/system/memory/memory${answer.block}/state`;
    // one after the other: what has migrated into a block has to migrate again
    if (answer.verdict !== 'offline' && session.write(path, 'offline').errno !== null) {
      stays.push({ ...answer, verdict: 'no' });
      continue;
    }
    chosen.push(answer);
  }
  const taken = new Set(chosen.map(({ block }) => block));
  const migrate = chosen.reduce((sum, one) => sum + (one.migrate ?? 0), 0) * c.PAGE_SIZE;
  const unchosen = size === undefined ? stays : stays.slice(0, 16);
  return {
    wanted,
    possible: chosen.length * bytes,
    blocks: chosen.map(({ block, verdict, zone, migrate: pages }) => ({
      block,
      offline: verdict === 'offline',
      zone,
      migrate: pages,
      unsure: verdict === 'unsure',
    })),
    stays: chosen.length * bytes >= wanted ? [] : unchosen,
    migrate,
    room: roomBeside(asked, taken),
    commands: [
      ...chosen
        .filter(({ verdict }) => verdict !== 'offline')
        .map(({ block }) => `echo offline > /sys/devices/system/memory/memory${block}/state`),
      ...unplugCommands(chosen),
    ],
  };
}

/** How the devices of the blocks are taken out. */
function unplugCommands(chosen: readonly BlockAnswer[]): string[] {
  const found = new Set<string>();
  for (const { owner } of chosen) {
    if (owner.kind === 'dimm' && owner.device)
      found.add(
        `echo 1 > /sys/bus/acpi/devices/${owner.device}/eject   # once all of its blocks are offline; or device_del in QEMU`,
      );
    if (owner.kind === 'dax' && owner.device)
      found.add(
        `daxctl reconfigure-device --mode=devdax ${owner.device}   # once all of its blocks are offline`,
      );
    if (owner.kind === 'virtio-mem')
      found.add(
        'virsh update-memory-device DOMAIN --requested-size SIZE   # the host asks for less, and the driver takes blocks offline itself',
      );
  }
  return [...found];
}

/** Bytes that are free outside of some blocks; null if no words of pages tell. */
function roomBeside({ pages, session }: AskedMachine, taken: ReadonlySet<number>): number | null {
  if (!pages) return null;
  let free = 0;
  for (const [id, { counts }] of pages.blocks)
    if (!taken.has(id) && session.state.memory_block.get(id)?.offline === false) free += counts[CLASS.buddy]!;
  return free * session.kernel.c.PAGE_SIZE;
}
