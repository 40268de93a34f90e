import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../errors/input-error.ts';
import type { Debian } from '../kernel/debian.ts';
import type { GuestKernel } from '../kernel/guest-kernel.ts';
import { Modules } from '../kernel/modules.ts';
import type { Plan } from '../machine/plan.ts';
import type { GuestFiles } from './initramfs.ts';
import { programsOf } from './programs.ts';

/** The programs and modules of a guest: busybox comes from Debian's busybox-static of the guest's architecture. */
export async function userland(
  kernel: GuestKernel,
  debian: Debian,
  { modules, packages }: Pick<Plan, 'modules' | 'packages'>,
  shell: boolean,
): Promise<GuestFiles> {
  const root = await debian.unpack('busybox-static');
  const busybox = ['bin/busybox', 'usr/bin/busybox']
    .map((path) => join(root, path))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  if (busybox === undefined) throw new InputError('busybox-static', '', 'the package has no busybox');
  return {
    busybox: readFileSync(busybox),
    modules: await new Modules(kernel.modules).load(modules),
    programs: await programsOf(packages, debian),
    shell,
  };
}
