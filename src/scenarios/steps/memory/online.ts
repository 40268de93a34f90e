import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import { stepKind } from '../common/kind.ts';
import { result } from '../common/values.ts';

/** Writes to the `state` files of memory blocks. */

const NO_BLOCK = { error: 'is not a block such as 40, "memory40" or "40..47"' };
const blocks = z
  .union(
    [
      z.int(NO_BLOCK).min(0, NO_BLOCK),
      z.string().regex(/^(memory)?\d{1,9}(\.\.(memory)?\d{1,9})?$/, NO_BLOCK),
    ],
    NO_BLOCK,
  )
  .meta({ description: 'One block, or a range of blocks: 40, "memory40", "40..47"' });

/** The first block of "40", "memory40", "40..47", and their number. */
function blocksOf(blocks: number | string): [first: number, count: number] {
  const [first, last] = String(blocks).replaceAll('memory', '').split('..').map(Number);
  const count = (last ?? first!) - first! + 1;
  if (count < 1 || count > 10_000_001) throw new BadOperation(`${blocks} is not a range of blocks`);
  return [first!, count];
}

const path = (id: number): string => `/sys/devices/system/memory/memory${id}/state`;

const writeState = (state: string) =>
  stepKind({
    schema: z.strictObject({ blocks, ...result }).meta({ description: `echo ${state} > memoryX/state` }),
    short: 'blocks',
    text: (step) => {
      const [first, count] = blocksOf(step.blocks);
      return `echo ${state} > ${path(first)}${count > 1 ? ` … (${count} blocks)` : ''}`;
    },
    count: (step) => blocksOf(step.blocks)[1],
    run: (session, step, i) => session.write(path(blocksOf(step.blocks)[0] + i), state),
  });

export const online = writeState('online');
export const online_kernel = writeState('online_kernel');
export const online_movable = writeState('online_movable');
export const offline = writeState('offline');
