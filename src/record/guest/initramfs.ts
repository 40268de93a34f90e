import { readFileSync } from 'node:fs';
import { type CpioEntry, character, cpio, directory, file, link } from './cpio.ts';

/** What runs in the guest: busybox, the modules that the steps need, and a shell that does what it is told. */

export interface GuestFiles {
  /** A static busybox of the guest's architecture. */
  readonly busybox: Uint8Array;
  /** In the order in which they are loaded. */
  readonly modules: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** Programs and libraries by their paths in the guest. */
  readonly programs: ReadonlyMap<string, string>;
  /** Whether a shell waits on the console. */
  readonly shell: boolean;
}

/** The name of the virtio port that commands come through. */
export const PORT = 'mhp';

/**
 * A command is a line; the answer is a line "mhp STATUS OUT ERR" with two lengths, then as many bytes. Each command has a
 * process of its own, so that an oops ends the command alone.
 */
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t debugfs debug /sys/kernel/debug
mount -t tmpfs tmp /tmp
echo 0 > /proc/sys/kernel/kptr_restrict
while read -r module; do
  [ $module = virtio_mem ] && echo 0 > /sys/bus/virtio/drivers_autoprobe
  insmod /mhp/$module.ko || echo "mhp: module $module cannot be loaded" > /dev/kmsg
done < /mhp/modules
# a driver in the kernel has bound to all its devices, also to memory that is there for others
for device in /sys/bus/virtio/drivers/virtio_mem/virtio*; do
  [ -e $device ] && echo \${device##*/} > /sys/bus/virtio/drivers/virtio_mem/unbind
done
port=
for try in 1 2 3 4 5 6 7 8 9 10; do
  for entry in /sys/class/virtio-ports/*; do
    [ "$(cat $entry/name 2>/dev/null)" = ${PORT} ] && port=/dev/\${entry##*/}
  done
  [ -n "$port" ] && break
  sleep 1
done
if [ -z "$port" ]; then
  echo "mhp: no virtio port: the kernel has no virtio console" > /dev/console
  exec sleep 1000000
fi
[ -e /mhp/shell ] && setsid cttyhack sh < /dev/console > /dev/console 2>&1 &
exec 3<> $port
echo mhp ready >&3
while read -r line <&3; do
  ( eval "$line" ) < /dev/null 3<&- > /tmp/out 2> /tmp/err
  status=$?
  echo mhp $status $(wc -c < /tmp/out) $(wc -c < /tmp/err) >&3
  cat /tmp/out /tmp/err >&3
done
`;

const parents = (path: string): string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, i, all) => all.slice(0, i + 1).join('/'));

/** @param tables ACPI tables that the kernel takes in place of the firmware's, by their paths */
export function initramfs(
  { busybox, modules, programs, shell }: GuestFiles,
  tables: ReadonlyMap<string, Uint8Array>,
): Buffer {
  const entries: CpioEntry[] = [];
  const made = new Set<string>();
  const dirs = (path: string): void => {
    for (const dir of parents(path)) {
      if (made.has(dir)) continue;
      made.add(dir);
      entries.push(directory(dir));
    }
  };
  for (const dir of ['bin', 'sbin', 'dev', 'proc', 'sys', 'tmp', 'mhp', 'etc', 'run', 'mnt'])
    dirs(`${dir}/x`);
  for (const [path, bytes] of tables) {
    dirs(path);
    entries.push(file(path, bytes));
  }
  entries.push(character('dev/console', 5, 1), character('dev/null', 1, 3));
  entries.push(file('bin/busybox', busybox, 0o755), link('bin/sh', 'busybox'), file('init', INIT, 0o755));
  for (const { name, bytes } of modules) entries.push(file(`mhp/${name}.ko`, bytes));
  entries.push(file('mhp/modules', modules.map(({ name }) => `${name}\n`).join('')));
  if (shell) entries.push(file('mhp/shell', ''));
  for (const [path, from] of programs) {
    dirs(path);
    entries.push(file(path, readFileSync(from), 0o755));
  }
  return cpio(entries);
}
