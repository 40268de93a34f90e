import { dax_key } from '../../kernel/drivers/dax/bus.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { type dev_dax, IORESOURCE_SYSTEM_RAM, type resource, type State } from '../../kernel/state.ts';
import type { Steps } from '../../steps/step.ts';

/** What is known of the ranges of devices in a source: their memory blocks and their entries in /proc/iomem. */

export interface Range {
  readonly start: number;
  readonly size: number;
}

/** The memory blocks that lie wholly in a range, ascending. */
export function blocksIn(k: Kernel, state: State, { start, size }: Range): number[] {
  const block = k.c.memory_block_size_bytes;
  const ids: number[] = [];
  for (let id = Math.ceil(start / block); (id + 1) * block <= start + size; id++)
    if (state.memory_block.has(id)) ids.push(id);
  return ids;
}

/** The first entry below `root` for which `is` holds, from the outside in. */
export function findResource(root: resource, is: (res: resource) => boolean): resource | undefined {
  return (
    root.children.find(is) ??
    root.children.map((res) => findResource(res, is)).find((found) => found !== undefined)
  );
}

export function dropResource(root: resource, entry: resource): void {
  root.children = root.children.filter((res) => res !== entry);
  for (const res of root.children) dropResource(res, entry);
}

/** The smallest entry that contains the range. */
function around(root: resource, start: number, end: number): resource {
  const inner = root.children.find((res) => res.start <= start && end <= res.end);
  return inner && (inner.start < start || end < inner.end || inner.children.length > 0)
    ? around(inner, start, end)
    : root;
}

/**
 * Puts the entry of an instance around its memory. Without /proc/iomem, the source's blocks in it were taken for RAM of
 * the firmware.
 */
function enclose(root: resource, name: string, start: number, end: number): void {
  const parent = around(root, start, end);
  const inside = parent.children.filter((res) => start <= res.start && res.end <= end);
  for (const ram of inside) if (ram.name === 'System RAM') ram.name = 'System RAM (kmem)';
  const own = { name, start, end, flags: IORESOURCE_SYSTEM_RAM, children: inside };
  const others = parent.children.filter((res) => !inside.includes(res));
  parent.children = [...others, own].sort((x, y) => x.start - y.start);
}

/** An instance that no driver has yet, as its region creates it. */
export function* newInstance(
  k: Kernel,
  state: State,
  region: number,
  { start, size }: Range,
  data: { readonly target_node: number; readonly memmap_on_memory: boolean },
): Steps<number> {
  const name = `dax${region}.0`;
  const key = dax_key(name);
  state.dev_dax.set(key, {
    ...data,
    name,
    ranges: [{ start, size }],
    align: k.c.PMD_SIZE,
    driver: 'none',
    pgmaps: [],
    mgid: -1,
    res: [],
    kmem: true,
  });
  return key;
}

/** As daxctl does it: by new_id, which older releases need, and by bind if that had no effect. */
export function* bindTo(k: Kernel, state: State, key: number, want: dev_dax['driver']): Steps<void> {
  const { name, driver } = state.dev_dax.get(key)!;
  if (driver === want) return;
  if (driver !== 'none') yield* k.unbind_store(driver, name);
  if (driver === 'kmem') yield* k.remove_id_store('kmem', name);
  if (want === 'none') return;
  yield* k.new_id_store(want, name);
  if (state.dev_dax.get(key)!.driver !== want) yield* k.bind_store(want, name);
}

/** Memory that the source shows already: kmem has added it. */
export function* adopt(k: Kernel, state: State, key: number): Steps<number> {
  const dax = state.dev_dax.get(key)!;
  const [range] = dax.ranges as [Range];
  const ids = blocksIn(k, state, range);
  const block = k.c.memory_block_size_bytes;
  if (!findResource(state.iomem_resource, (res) => res.name === dax.name && res.children.length > 0))
    enclose(state.iomem_resource, dax.name, ids[0]! * block, (ids.at(-1)! + 1) * block - 1);
  const pages = Math.ceil(range.size / k.c.PAGE_SIZE);
  dax.driver = 'kmem';
  dax.res = [true];
  if ('memory_group_register_static' in k)
    dax.mgid = yield* k.memory_group_register_static(dax.target_node, pages);
  return 0;
}
