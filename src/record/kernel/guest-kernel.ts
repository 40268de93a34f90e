import type { Arch } from '../../geometry/sizes.ts';

/** A kernel that a guest can boot. */
export interface GuestKernel {
  /** As the user named it. */
  readonly source: string;
  /** Path of the file that QEMU loads. */
  readonly image: string;
  readonly format: 'bzImage' | 'vmlinux' | 'Image';
  readonly arch: Arch;
  /** Bytes; null if the image does not say. */
  readonly page_size: number | null;
  /** uname -r; null if the image does not say. */
  readonly release: string | null;
  /** The text of its .config; null if it is not beside the image, nor in it. */
  readonly config: string | null;
  /** Directory below which its modules lie, as *.ko, *.ko.xz or *.ko.gz; null if there is none. */
  readonly modules: string | null;
}

/** The value of a build option without CONFIG_: y, m, a number or a text; n if it is not set; null without a config. */
export function configValue({ config }: GuestKernel, name: string): string | null {
  if (config === null) return null;
  const found = new RegExp(`^CONFIG_${name}=(.*)$`, 'm').exec(config);
  return found ? found[1]!.replace(/^"(.*)"$/, '$1') : 'n';
}
