import type { Draws, Here, Range } from '../here.ts';

/** Memory of CXL devices, and memory that the firmware reserves. */

const M = 2 ** 20;

/** Windows and regions are made of so many bytes. */
const UNIT = 256 * M;

/** Where nothing is, in whole units. */
function room(here: Here): Range | null {
  const { start, size } = here.freeBlocks(4);
  const range = { start: Math.ceil(start / UNIT) * UNIT, size: Math.ceil(size / UNIT) * UNIT };
  return here.isFree(range) ? range : null;
}

const interleave = (
  here: Here,
  ways: readonly number[],
  granularities: readonly number[],
): { readonly ways?: number; readonly granularity?: number } =>
  here.once(4) ? { ways: here.pick(ways), granularity: here.pick(granularities) } : {};

export const cxlSteps = {
  cxl_window: {
    weight: 3,
    draw(here) {
      const window = here.prng.below(2);
      const range = here.state.cxl_root_decoder.has(window) ? null : room(here);
      return (
        range && { window, ...range, node: here.possibleNode(), ...interleave(here, [2, 3, 4], [256, 1024]) }
      );
    },
  },
  /** Mostly a part of a window that is left; with ways and granularities that no device has, too. */
  cxl_region: {
    weight: 6,
    draw(here) {
      const found = here.any([...here.state.cxl_root_decoder]);
      if (found === null) return null;
      const [window, all] = found;
      const { start, size } = here.part(all, here.once(8) ? 2 * M : UNIT);
      return {
        window,
        size,
        ...(here.once(4) ? { type: 'pmem' as const } : {}),
        ...(here.once(3) ? { start } : {}),
        ...interleave(here, [2, 3, 4, 5], [128, 256, 1024]),
      };
    },
  },
  soft_reserved: {
    weight: 3,
    draw(here) {
      const window = here.once(3) ? here.any([...here.state.cxl_root_decoder.values()]) : null;
      const range = here.part(window ?? here.freeBlocks(3), here.once(12) ? here.c.PAGE_SIZE : 2 * M);
      return window !== null || here.isFree(range) ? { ...range, node: here.possibleNode() } : null;
    },
  },
} satisfies Draws;
