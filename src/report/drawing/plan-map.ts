import type { AddPlan } from '../../answers/plan/add.ts';
import type { RemovePlan } from '../../answers/plan/remove.ts';
import { reasonText } from '../answers/why-text.ts';
import type { MapBlock, MapData } from './block-map.ts';

/** The map of a machine with a plan in it. */

/** The blocks that an accepted plan adds are marked as new: offline, or in the zone to which the policy brings them. */
export function addPlanMap(map: MapData, plan: AddPlan): MapData {
  const { first_block, blocks, block_size, node, zones } = plan;
  if (first_block === null) return map;
  const zone = zones.find(({ how }) => how === 'by the policy')?.zone ?? null;
  const added = Array.from({ length: blocks }, (_, i): MapBlock => {
    const id = first_block + i;
    const state = zone === null ? 'offline' : 'online';
    return { id, start: id * block_size, state, node, zone, mark: 'new' };
  });
  return { ...map, blocks: [...map.blocks, ...added].sort((a, b) => a.id - b.id) };
}

/** The blocks to take offline, with their place in the order; those that stay have their reason. */
export function removePlanMap(map: MapData, plan: RemovePlan): MapData {
  const order = new Map(plan.blocks.map(({ block }, i) => [block, i + 1]));
  const stays = new Map(
    plan.stays.map(({ block, reason }) => [
      block,
      reason ? reasonText(reason) : 'its pages find no room once the others are gone',
    ]),
  );
  const blocks = map.blocks.map((block): MapBlock => {
    const place = order.get(block.id);
    const why = stays.get(block.id);
    return {
      ...block,
      ...(place === undefined ? {} : { mark: 'goes' as const, place }),
      ...(why === undefined ? {} : { stays: why }),
    };
  });
  return { ...map, blocks };
}
