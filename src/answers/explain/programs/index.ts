import { LIBVIRT } from './libvirt.ts';
import type { Program, ProgramMessage } from './message.ts';
import { NDCTL } from './ndctl.ts';
import { QEMU } from './qemu.ts';
import { SYSTEM } from './system.ts';

/** Messages of programs around the kernel, the more special ones first. */
export const PROGRAM_MESSAGES: readonly ProgramMessage[] = [...QEMU, ...LIBVIRT, ...NDCTL, ...SYSTEM];

/** Programs by the names in front of their messages. */
const AUTHORS: readonly (readonly [RegExp, Program])[] = [
  [/^qemu-system-\w+: |^\(qemu\) Error: |^Error: |"desc": "/, 'qemu'],
  [/^error: |: internal error: |^virsh: /, 'libvirt'],
];

/** Whether a line can come from a program: it says so, or the log does. */
export const mayBeOf = (program: Program, text: string, author: string | null): boolean => {
  if (author === null || author === 'kernel') return author !== 'kernel' || program === 'kdump';
  if (author.includes(program)) return true;
  const other = AUTHORS.find(([pattern]) => pattern.test(text))?.[1];
  if (other === program) return true;
  return (
    !['systemd-udevd', 'libvirtd', 'virtqemud', 'qemu-system'].some((name) => author.startsWith(name)) ||
    author.startsWith('virt') ||
    author.startsWith('libvirt')
  );
};
