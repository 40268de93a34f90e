import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import type { Session } from '../../running/session.ts';
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

const schemaOf = (state: string) =>
  z.strictObject({ blocks, ...result }).meta({ description: `echo ${state} > memoryX/state` });
type State = z.infer<ReturnType<typeof schemaOf>>;

const blockRange = ({ kernel }: Session, step: State, i: number): readonly [number, number] => {
  const bytes = kernel.c.memory_block_size_bytes;
  return [(blocksOf(step.blocks)[0] + i) * bytes, bytes];
};

const writeState = (state: string) =>
  stepKind({
    schema: schemaOf(state),
    short: 'blocks',
    text: (step: State) => {
      const [first, count] = blocksOf(step.blocks);
      return `echo ${state} > ${path(first)}${count > 1 ? ` … (${count} blocks)` : ''}`;
    },
    count: (step: State) => blocksOf(step.blocks)[1],
    run: (session: Session, step: State, i: number) =>
      session.write(path(blocksOf(step.blocks)[0] + i), state),
    ...(state === 'offline' ? { offlines: blockRange } : {}),
  });

export const online = writeState('online');
export const online_kernel = writeState('online_kernel');
export const online_movable = writeState('online_movable');
export const offline = writeState('offline');
