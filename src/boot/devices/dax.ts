import { dax_key } from '../../kernel/drivers/dax/bus.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { type dev_dax, MMOP_OFFLINE, type State } from '../../kernel/state.ts';
import type { DaxDevice } from '../../machines/dax-device.ts';
import { Runner } from '../../schedule/runner.ts';
import type { Steps } from '../../steps/step.ts';
import { adopt, bindTo, blocksIn, findResource, newInstance } from './device-ranges.ts';

/** Instances of device-dax of a running kernel get the drivers that they have in the source. */

const ONLINE_TYPES = ['offline', 'online', 'online_kernel', 'online_movable'] as const;
type OnlineType = (typeof ONLINE_TYPES)[number];

const driverOf = (state: State, key: number): DaxDevice['driver'] => state.dev_dax.get(key)!.driver;

const hasBlocks = (k: Kernel, state: State, { ranges }: dev_dax): boolean =>
  ranges.some((range) => blocksIn(k, state, range).length > 0);

/** As many blocks go online as were; without a count, as the policy says. */
function* goOnline(
  k: Kernel,
  state: State,
  key: number,
  { movable, online_blocks }: DaxDevice,
  policy: OnlineType,
): Steps<void> {
  const ids = state.dev_dax.get(key)!.ranges.flatMap((range) => blocksIn(k, state, range));
  const usual = policy === 'offline' ? 'online_movable' : policy;
  const type = movable === undefined ? usual : movable ? 'online_movable' : 'online_kernel';
  const count = online_blocks ?? (policy === 'offline' ? 0 : ids.length);
  for (const id of ids.slice(0, count)) yield* k.state_store(id, `${type}\n`);
}

/** Soft Reserved memory and the instance on it. */
function* reserveSoftly(k: Kernel, state: State, device: DaxDevice): Steps<void> {
  if (!('hmem_register_device' in k)) return;
  const { region, start, size } = device;
  const known = state.pgdat.has(device.target_node);
  const nid = known ? device.target_node : Math.min(...state.pgdat.keys());
  const shown = blocksIn(k, state, device).length > 0;
  const named = /^(Soft Reserved|dax\d)/;
  if (!findResource(state.iomem_resource, (res) => named.test(res.name) && res.start === start))
    yield* k.$soft_reserve(start, size);
  state.hmem.set(region, { start, size, target_node: nid });
  if (shown) yield* newInstance(k, state, region, device, { target_node: nid, memmap_on_memory: false });
  else yield* k.dax_hmem_probe(region);
}

function* setUp(
  k: Kernel,
  state: State,
  device: DaxDevice,
  blocksKnown: boolean,
  policy: OnlineType,
  notes: string[],
): Steps<number> {
  const name = `dax${device.region}.${device.id}`;
  const key = dax_key(name);
  if (device.of === 'hmem' && !state.dev_dax.has(key)) yield* reserveSoftly(k, state, device);
  const dax = state.dev_dax.get(key);
  if (!dax) {
    notes.push(`${name}: this release makes no such instance of device-dax`);
    return 0;
  }
  if (device.driver === 'kmem' && blocksKnown && hasBlocks(k, state, dax)) {
    if (dax.driver !== 'kmem') yield* adopt(k, state, key);
    return 0;
  }
  yield* bindTo(k, state, key, device.driver);
  if (driverOf(state, key) !== device.driver) notes.push(`${name}: ${device.driver} does not take it`);
  else if (device.driver === 'kmem') yield* goOnline(k, state, key, device, policy);
  return 0;
}

/** Memory of kmem in a source that does not name drivers: what lies below an instance in /proc/iomem. */
function* adoptShown(k: Kernel, state: State): Steps<number> {
  for (const [key, dax] of state.dev_dax) {
    const shown = findResource(
      state.iomem_resource,
      (res) => res.name === dax.name && res.children.length > 0,
    );
    if (dax.driver === 'none' && shown && hasBlocks(k, state, dax)) yield* adopt(k, state, key);
  }
  return 0;
}

/**
 * @param blocksKnown whether the source has memory blocks, those of the instances among them
 * @returns what this release does not do as the source has it, one line each
 */
export function bootDax(
  devices: readonly DaxDevice[],
  blocksKnown: boolean,
  k: Kernel,
  state: State,
): readonly string[] {
  const runner = new Runner(state);
  const notes: string[] = [];
  const vars = state.vars.get(0)!;
  const policy = vars.mhp_default_online_type;
  for (const device of devices) {
    vars.mhp_default_online_type = MMOP_OFFLINE;
    runner.run(setUp(k, state, device, blocksKnown, ONLINE_TYPES[policy] ?? 'online', notes));
    vars.mhp_default_online_type = policy;
  }
  runner.run(adoptShown(k, state));
  return notes;
}
