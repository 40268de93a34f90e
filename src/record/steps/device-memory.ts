import { UserError } from '../../errors/user-error.ts';
import { rangeOf } from '../../scenarios/steps/common/values.ts';
import { linearAddress } from '../memory/linear-address.ts';
import { crashing } from './crashing.ts';
import { errnoOf } from './errno.ts';
import type { Performer, Run } from './performer.ts';

/** Device memory without a driver: the kernel's functions are called as a driver would. */

/** GFP_KERNEL. */
const GFP_KERNEL = 0xcc0n;
/** include/linux/err.h: MAX_ERRNO. */
const MAX_ERRNO = 4095n;

/** The bytes of a struct dev_pagemap of one range, of type MEMORY_DEVICE_GENERIC. */
function pagemap({ guest: { btf } }: Run, start: number, size: number): Buffer {
  const length = btf.size('dev_pagemap');
  const type = btf.enumerator('MEMORY_DEVICE_GENERIC');
  const [typeAt, countAt, rangeAt] = ['type', 'nr_range', 'range'].map((name) =>
    btf.offset('dev_pagemap', name),
  );
  if (
    length === undefined ||
    type === undefined ||
    typeAt === undefined ||
    countAt === undefined ||
    rangeAt === undefined
  )
    throw new UserError('the kernel does not say what a struct dev_pagemap is like (BTF)');
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(type, typeAt);
  bytes.writeInt32LE(1, countAt);
  bytes.writeBigUInt64LE(BigInt(start), rangeAt);
  bytes.writeBigUInt64LE(BigInt(start + size - 1), rangeAt + 8);
  return bytes;
}

export const memremap: Performer<'memremap'> = {
  options: () => ['ZONE_DEVICE', 'DEBUG_INFO_BTF'],
  refuses: ({ as, altmap, resource }) => {
    if (as !== 'generic') return `as ${as} it needs a driver's functions`;
    return altmap || resource !== undefined
      ? 'with struct pages or a resource of its own it needs a driver'
      : null;
  },
  async *perform(run, step) {
    const { guest, timeout } = run;
    const [start, size] = rangeOf(step);
    const allocator = guest.symbols.has('get_zeroed_page_noprof')
      ? 'get_zeroed_page_noprof'
      : 'get_zeroed_page';
    const at = BigInt.asUintN(64, await guest.call(allocator, [GFP_KERNEL], timeout));
    if (at === 0n) throw new UserError('the guest has no page for a struct dev_pagemap');
    const own = { at, bytes: pagemap(run, start, size) };
    const op = { op: 'memremap_pages', nid: step.node, start, size };
    yield await crashing(op, async () => {
      const ret = await guest.call('memremap_pages', [own, BigInt(step.node)], timeout);
      const errno = ret < 0n && ret >= -MAX_ERRNO ? errnoOf(ret) : null;
      if (errno === null) run.pagemaps.set(start, at);
      return { ...op, errno };
    });
  },
};

export const memunmap: Performer<'memunmap'> = {
  options: () => ['ZONE_DEVICE'],
  refuses: ({ resource }) => (resource === undefined ? null : 'a resource of its own needs a driver'),
  async *perform(run, step) {
    const [start] = rangeOf(step);
    const at = run.pagemaps.get(start);
    const op = { op: 'memunmap_pages', start };
    run.pagemaps.delete(start);
    if (at === undefined) yield { ...op, errno: 'ENOENT' };
    else
      yield await crashing(op, async () => {
        await run.guest.call('memunmap_pages', [at], run.timeout);
        return { ...op, errno: null };
      });
  },
};

/** The kernel's memset() through the linear map, on arm64 behind clear_page() of the first page. */
export const touch: Performer<'touch'> = {
  async *perform({ guest, timeout }, step) {
    const [start, size] = rangeOf(step);
    const op = { op: 'touch', start, size };
    yield await crashing(op, async () => {
      const at = linearAddress(guest, start);
      if (guest.symbols.has('clear_page')) await guest.call('clear_page', [at], timeout);
      await guest.call('memset', [at, 0n, BigInt(size)], timeout);
      return op;
    });
  },
};
