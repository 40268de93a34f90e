import type { FileTree } from '../sources/tree.ts';
import { MEMORY_DIR } from './block-dirs.ts';

const PARAMS_DIR = 'sys/module/memory_hotplug/parameters';

/**
 * The memory_hotplug module's parameters (memmap_on_memory, online_policy, auto_movable_ratio, auto_movable_numa_aware)
 * and auto_online_blocks, as text without the line end. Undefined if the source has none of them.
 */
export function readParams(tree: FileTree): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const name of tree.list(PARAMS_DIR) ?? []) {
    if (!/^[a-z][a-z0-9_]{0,63}$/.test(name) || tree.kind(`${PARAMS_DIR}/${name}`) === 'dir') continue;
    const text = tree.readText(`${PARAMS_DIR}/${name}`);
    if (text !== undefined) params[name] = text.trimEnd();
  }
  const auto = tree.readText(`${MEMORY_DIR}/auto_online_blocks`);
  if (auto !== undefined) params.auto_online_blocks = auto.trimEnd();
  return Object.keys(params).length === 0 ? undefined : params;
}
