import type { FileTree } from '../../machines/sources/tree.ts';
import type { AskedMachine } from '../machine.ts';
import type { Owner } from '../owner/owner.ts';

/** Rules of udev and services that bring new memory online by themselves, by their files. */
export function onlineRules({ tree }: AskedMachine): string[] {
  if (!tree) return [];
  const found: string[] = [];
  for (const dir of ['etc/udev/rules.d', 'usr/lib/udev/rules.d', 'lib/udev/rules.d', 'run/udev/rules.d'])
    for (const name of namesIn(tree, dir)) {
      if (!name.endsWith('.rules')) continue;
      const text = tree.readText(`${dir}/${name}`) ?? '';
      if (/^[^#\n]*SUBSYSTEM=="memory"[^\n]*(?:online|state)/m.test(text)) found.push(`/${dir}/${name}`);
    }
  return found;
}

const namesIn = (tree: FileTree, dir: string): readonly string[] =>
  tree.kind(dir) === 'dir' ? (tree.list(dir) ?? []) : [];

/** What else has to do with memory that comes or goes. */
export function dependsOn(machine: AskedMachine, owner: Owner): string[] {
  const { tree } = machine;
  const said: string[] = [];
  const loaded = tree?.readText('sys/kernel/kexec_crash_loaded')?.trim() === '1';
  if (loaded) {
    const follows = tree?.readText('sys/devices/system/memory/crash_hotplug')?.trim() === '1';
    said.push(
      follows
        ? 'a crash kernel is loaded; this kernel updates its list of memory itself (crash_hotplug is 1)'
        : 'a crash kernel is loaded: reload it afterwards, or a dump lacks or misreads this memory (kdump-config reload; systemctl restart kdump)',
    );
  }
  if (owner.reservations.some(({ name }) => name === 'Crash kernel'))
    said.push('the memory of the crash kernel lies in the block');
  for (const rule of onlineRules(machine))
    said.push(
      `${rule} reacts to memory: it may bring the block online when its device is plugged, and at boot, when udev repeats the events of what is there`,
    );
  if (owner.kind === 'virtio-mem')
    said.push(
      'virtio-mem plugs and unplugs this memory at the request of the host: ask for another size there',
    );
  if (owner.kind === 'dax' && owner.device)
    said.push(
      `daxctl manages it: daxctl offline-memory ${owner.device}; daxctl reconfigure-device --mode=devdax ${owner.device}`,
    );
  return said;
}
