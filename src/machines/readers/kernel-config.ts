import { type KernelOptions, parseKernelConfig } from '../kernel-options.ts';
import type { Recorded } from '../sources/chosen.ts';
import type { FileTree } from '../sources/tree.ts';

/**
 * The build options of the kernel: of a recording from its kernel.config, else from /boot/config-RELEASE or
 * /lib/modules/RELEASE/config. Undefined if the source has none of them.
 */
export function readKernelConfig(
  tree: FileTree,
  recorded: Recorded | undefined,
  release: string | undefined,
): KernelOptions | undefined {
  const own = recorded?.top.readText('kernel.config');
  if (own !== undefined) return parseKernelConfig(own);
  if (release === undefined || !/^[\w.+~-]{1,120}$/.test(release)) return undefined;
  for (const path of [`boot/config-${release}`, `lib/modules/${release}/config`]) {
    const text = tree.kind(path) === undefined ? undefined : tree.readText(path);
    if (text !== undefined) return parseKernelConfig(text);
  }
  return undefined;
}
