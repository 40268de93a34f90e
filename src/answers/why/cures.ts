import type { AskedMachine } from '../machine.ts';
import type { Owner } from '../owner/owner.ts';
import type { Cure, Reason } from './answer.ts';

const state = (block: number): string => `/sys/devices/system/memory/memory${block}/state`;

/** What would make the kernel accept, with the commands for it, the most promising first. */
export function curesOf(asked: AskedMachine, block: number, reason: Reason, owner: Owner): Cure[] {
  const cure = (text: string, ...commands: string[]): Cure => ({ text, commands });
  const again = `echo offline > ${state(block)}`;
  const crash = reason.ranges.some(({ name }) => name === 'Crash kernel');
  switch (reason.kind) {
    case 'holes':
    case 'partial block':
      return [
        cure(
          'none at run time: a block that is not whole RAM stays online; take the blocks beside it instead, or have the firmware give whole blocks',
        ),
      ];
    case 'zones':
    case 'nodes':
      return [cure('none at run time: the block holds memory of more than one zone or node')];
    case 'boot memory':
      return [
        cure(
          'none: arm64 never offlines memory that was there at boot; plug memory as a DIMM, virtio-mem or dax device to be able to take it back',
        ),
      ];
    case 'leaf':
      return [
        cure(
          'take all blocks under the same block mapping offline together with their device, or boot with rodata=full, which maps pages',
        ),
      ];
    case 'hugetlb':
      return [
        cure(
          'give the huge pages of the node back, then try again',
          ...hugepageFiles(asked, block).map((file) => `echo 0 > ${file}`),
          again,
        ),
      ];
    case 'no room':
      return [
        cure(
          'free memory elsewhere: migration finds no target',
          'echo 3 > /proc/sys/vm/drop_caches',
          'free -m',
          again,
        ),
      ];
    case 'hwpoison':
      return [cure('none: the block holds a page that failed; the device has to be replaced')];
    case 'PageOffline':
      return [cure('let the balloon or driver that holds the pages give them back, then try again', again)];
    case 'no hotremove':
      return [cure('none: this kernel is built without CONFIG_MEMORY_HOTREMOVE')];
    case 'reserved':
      return crash
        ? [
            cure(
              'the crash kernel lies in the block: reserve it elsewhere (crashkernel=SIZE@OFFSET), or give it up until the next boot',
              'echo 0 > /sys/kernel/kexec_crash_size',
              again,
            ),
          ]
        : [cure('none at run time: pages reserved at boot never move')];
    case 'unmovable':
      return [
        cure(
          'the kernel has allocated in the block: give caches back and try again; it may help for slab',
          'echo 2 > /proc/sys/vm/drop_caches',
          'echo 1 > /proc/sys/vm/compact_memory',
          again,
        ),
        cure(
          owner.kind === 'boot'
            ? 'memory of the boot can be kept for movable pages only from the next boot on: movable_node, movablecore= or kernelcore='
            : 'next time, bring it online for movable pages only, before anything else does',
          ...(owner.kind === 'boot' ? [] : [`echo online_movable > ${state(block)}`]),
        ),
      ];
    default:
      return [];
  }
}

function hugepageFiles({ session }: AskedMachine, block: number): string[] {
  const { state, kernel } = session;
  const nid = state.memory_block.get(block)?.links[0] ?? 0;
  return [...state.hstate]
    .filter(([, pool]) => (pool.nr_huge_pages_node[nid] ?? 0) > 0)
    .map(
      ([order]) =>
        `/sys/devices/system/node/node${nid}/hugepages/hugepages-${(2 ** order * kernel.c.PAGE_SIZE) / 1024}kB/nr_hugepages`,
    );
}
