import type { Kernel } from '../../../kernel/kernel.ts';

/** The name of what a release or a machine lacks; null if it has it. */

export const lacksFunction = (kernel: Kernel, name: keyof Kernel): string | null =>
  name in kernel ? null : `${kernel.release} has no ${name}`;

export const lacksDeviceMemory = ({ c, release }: Kernel): string | null =>
  c.ZONE_DEVICE < 0 ? `${release} on ${c.arch} has no ZONE_DEVICE` : null;
