import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

/** A host on which a program stands for QEMU: a directory with that program, a kernel and a scenario. */

const root = new URL('../../', import.meta.url).pathname;

export const OPTIONS = [
  ...[
    'BLK_DEV_INITRD',
    'BINFMT_ELF',
    'BINFMT_SCRIPT',
    'DEVTMPFS',
    'PROC_FS',
    'SYSFS',
    'TMPFS',
    'PCI',
    'VIRTIO_PCI',
  ],
  ...['VIRTIO_CONSOLE', 'MEMORY_HOTPLUG', 'MEMORY_HOTREMOVE', 'SPARSEMEM_VMEMMAP', 'SERIAL_8250_CONSOLE'],
];

export const SCENARIO = `machine: {arch: x86_64, ram: [{start: 0, size: 1G}]}
steps:
  - online: 8
  - online: 9
  - online: 10
`;

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Has the process id of what stands for QEMU. */
  readonly pidFile: string;
  /** What it has written to standard error so far. */
  err(): string;
}

export class FakeHost {
  readonly dir = mkdtempSync(join(tmpdir(), 'mhp-test-'));

  constructor() {
    const { dir } = this;
    mkdirSync(join(dir, 'bin'));
    symlinkSync(join(root, 'test/record/fake-qemu.js'), join(dir, 'bin/qemu-system-x86_64'));
    const busybox = join(dir, 'cache/mhp/debian/amd64/unpacked/busybox-static/bin');
    mkdirSync(busybox, { recursive: true });
    writeFileSync(join(busybox, 'busybox'), 'busybox');
    const image = Buffer.alloc(4096);
    image.write('HdrS', 0x202);
    image.writeUInt16LE(0x400, 0x20e);
    image.write('6.1.0-fake x\0', 0x600);
    writeFileSync(join(dir, 'bzImage'), image);
    writeFileSync(join(dir, '.config'), OPTIONS.map((name) => `CONFIG_${name}=y\n`).join(''));
    writeFileSync(join(dir, 's.yaml'), SCENARIO);
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Starts `mhp record` with these arguments. */
  start(mode: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
    const pidFile = this.path(`${mode}.pid`);
    const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), 'record', ...args], {
      cwd: this.dir,
      env: {
        ...process.env,
        PATH: `${this.path('bin')}:${process.env.PATH}`,
        XDG_CACHE_HOME: this.path('cache'),
        MHP_FAKE: mode,
        MHP_FAKE_PID: pidFile,
        ...env,
      },
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const ended = new Promise<Ended>((resolve) =>
      child.on('close', (status) => resolve({ status, out, err })),
    );
    return { child, ended, pidFile, err: () => err };
  }

  /** Directories that a process has left, and those beside the outputs of all. */
  leftOf(pid: number | undefined): string[] {
    return ['/dev/shm', tmpdir(), this.dir].flatMap((at) =>
      readdirSync(at)
        .filter((name) => name.startsWith(`mhp-record-${pid}-`) || name.startsWith('.mhp-record-'))
        .map((name) => join(at, name)),
    );
  }
}

export const isAlive = (pidFile: string): boolean => {
  const stat = `/proc/${readFileSync(pidFile, 'utf8')}/stat`;
  // a process that is dead but not waited for is none
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'));
};

export async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 600 && !what(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(what()).toBe(true);
}
