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
  { modules, packages, scripts }: Pick<Plan, 'modules' | 'packages' | 'scripts'>,
  shell: boolean,
): Promise<GuestFiles> {
  const root = await debian.unpack('busybox-static');
  const busybox = ['bin/busybox', 'usr/bin/busybox']
    .map((path) => join(root, path))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  if (busybox === undefined) throw new InputError('busybox-static', '', 'the package has no busybox');
  for (const path of scripts.values())
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw new InputError(path, '', 'is no file');
  return {
    busybox: readFileSync(busybox),
    modules: await new Modules(kernel.modules).load(modules),
    programs: new Map([...(await programsOf(packages, debian)), ...scripts]),
    shell,
  };
}
