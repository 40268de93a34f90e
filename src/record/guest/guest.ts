import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, reason } from '../../errors/system-error.ts';
import { UserError } from '../../errors/user-error.ts';
import type { GuestKernel } from '../kernel/guest-kernel.ts';
import { backingSize, type MemoryDevice } from '../machine/devices.ts';
import { labelIndex } from '../machine/labels.ts';
import { backendOf, deviceProperties, memoryFile, type QemuMachine } from '../machine/qemu-machine.ts';
import { SRAT_PATH } from '../machine/srat.ts';
import { Btf } from '../memory/btf.ts';
import { GuestRam } from '../memory/guest-ram.ts';
import { Vmcoreinfo } from '../memory/vmcoreinfo.ts';
import { Gdb } from '../qemu/gdb.ts';
import { FIRMWARE, firmware, QemuProcess } from '../qemu/process.ts';
import { Qmp, type QmpEvent } from '../qemu/qmp.ts';
import { type Argument, Caller, type Fault, Oops } from './call.ts';
import { type Answer, Channel, NoAnswer } from './channel.ts';
import { Console } from './console.ts';
import { GuestError } from './guest-error.ts';
import { type GuestFiles, initramfs, PORT } from './initramfs.ts';
import { PrivateDir } from './private-dir.ts';

/** A guest that has booted and does what it is told. */

/** Kernel symbols that steps, calls and snapshots need; a kernel has some of them. */
const SYMBOLS = [
  '__x64_sys_sync',
  '__arm64_sys_sync',
  'snprintf',
  'memset',
  'clear_page',
  'swapper_pg_dir',
  'get_zeroed_page',
  'get_zeroed_page_noprof',
  'add_memory',
  'add_memory_driver_managed',
  'remove_memory',
  'offline_and_remove_memory',
  'alloc_contig_range',
  'alloc_contig_range_noprof',
  'free_contig_range',
  'memremap_pages',
  'memunmap_pages',
  // made to fail
  'vmemmap_populate',
  'init_memory_block',
  'add_memory_block',
  '__register_one_node',
  '__register_node',
  'register_node',
  'xa_store',
  'memblock_double_array',
] as const;

export interface BootOptions {
  readonly machine: QemuMachine;
  readonly kernel: GuestKernel;
  readonly files: GuestFiles;
  /** Seconds until the guest must have booted. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

export class Guest {
  readonly dir: string;
  readonly kernel: GuestKernel;
  readonly machine: QemuMachine;
  readonly qmp: Qmp;
  readonly ram: GuestRam;
  readonly console: Console;
  readonly signal: AbortSignal;
  /** QEMU's command line. */
  readonly command: readonly string[];
  /** Seconds from QEMU's start to the guest's first word. */
  readonly bootSeconds: number;
  /** Virtual addresses of kernel symbols that are wanted. */
  symbols: ReadonlyMap<string, bigint> = new Map();
  info = new Vmcoreinfo('');
  btf = new Btf(Buffer.alloc(0));
  /** What the tools in the guest list, by the name of the file that it goes to. */
  readonly tools: readonly (readonly [file: string, command: string])[];
  readonly #home: PrivateDir;
  readonly #process: QemuProcess;
  readonly #channel: Channel;
  #caller: Caller | null = null;
  #answers = true;

  private constructor(parts: {
    readonly home: PrivateDir;
    readonly options: BootOptions;
    readonly qmp: Qmp;
    readonly process: QemuProcess;
    readonly channel: Channel;
    readonly ram: GuestRam;
    readonly command: readonly string[];
    readonly seconds: number;
  }) {
    this.#home = parts.home;
    this.dir = parts.home.path;
    this.kernel = parts.options.kernel;
    this.machine = parts.options.machine;
    this.qmp = parts.qmp;
    this.ram = parts.ram;
    this.console = new Console(join(this.dir, 'console.log'));
    this.signal = parts.options.signal;
    this.command = parts.command;
    this.bootSeconds = parts.seconds;
    this.tools = [
      ['ndctl-list', 'ndctl list -RNDXi'] as const,
      ['daxctl-list', 'daxctl list -RDMi'] as const,
    ].filter(([, command]) =>
      [...parts.options.files.programs.keys()].some((path) => path.endsWith(`bin/${command.split(' ')[0]}`)),
    );
    this.#process = parts.process;
    this.#channel = parts.channel;
  }

  /**
   * Starts QEMU and waits for the guest.
   * @throws GuestError if it does not come up; then nothing of it is left
   */
  static async boot(options: BootOptions): Promise<Guest> {
    const { machine, kernel, files, timeout, signal } = options;
    const began = performance.now();
    const total = machine.layout.ram.reduce((sum, { size }) => sum + size, 0);
    const home = new PrivateDir(total + machine.devices.reduce((sum, { size }) => sum + size, 0), total);
    const dir = home.path;
    const console = new Console(join(dir, 'console.log'));
    const ram = new GuestRam();
    let process: QemuProcess | undefined;
    try {
      writeInitramfs(dir, files, machine);
      for (const device of machine.devices) if (device.cold) prepare(dir, device);
      const args = [...qemuArgs(dir, machine, kernel)];
      process = new QemuProcess(machine.program, args);
      const qmp = new Qmp(await process.socket(join(dir, 'qmp'), 30));
      await qmp.greeting;
      await qmp.execute('qmp_capabilities');
      for (const { node, pieces } of machine.layout.ram)
        ram.add(`node${node}`, memoryFile(dir, `node${node}`), pieces);
      for (const { id, start, size, cold } of machine.devices)
        if (cold) ram.add(id, memoryFile(dir, id), [{ start, size }]);
      const channel = new Channel(await process.socket(join(dir, 'guest'), 30));
      const ended = process.ended.then(() => {
        throw new UserError(process!.why);
      });
      ended.catch(() => undefined);
      await Promise.race([ended, comesUp(channel, console, timeout, signal)]);
      const seconds = (performance.now() - began) / 1000;
      const guest = new Guest({
        home,
        options,
        qmp,
        process,
        channel,
        ram,
        command: [machine.program, ...args],
        seconds,
      });
      await guest.#learn();
      return guest;
    } catch (error) {
      // its sockets close a moment before it has ended
      if (process) await Promise.race([process.ended, new Promise((resolve) => setTimeout(resolve, 500))]);
      const ended = process?.hasEnded ? process.why : null;
      await process?.kill();
      ram.close();
      const end = console.end(15);
      home.remove();
      if (ended !== null && error instanceof UserError) throw new GuestError(ended, end);
      if (error instanceof NoAnswer) throw new GuestError(`the guest did not come up: ${error.message}`, end);
      if (error instanceof UserError && !(error instanceof GuestError))
        throw new GuestError(error.message, end);
      throw error;
    }
  }

  /** Reads what does not change while the guest runs. */
  async #learn(): Promise<void> {
    // a compiler may have made a function of its own for some callers
    const found = await this.run(
      `grep -E ' (${SYMBOLS.join('|')})(\\.(isra|constprop|part)\\.[0-9]+)*$' /proc/kallsyms`,
      60,
    );
    this.symbols = new Map(
      found.out
        .toString()
        .split('\n')
        .flatMap((line) => {
          const [address, , name] = line.split(/[ \t]/);
          return name === undefined ? [] : [[name.replace(/\..*/, ''), BigInt(`0x${address}`)] as const];
        }),
    );
    const where = (await this.run('cat /sys/kernel/vmcoreinfo', 20)).out.toString().trim();
    const place = /^([0-9a-f]+) ([0-9a-f]+)$/.exec(where.replaceAll('0x', ''));
    if (place) {
      const note = this.ram.read(Number.parseInt(place[1]!, 16), Number.parseInt(place[2]!, 16));
      this.info = new Vmcoreinfo(note.toString('latin1').replace(/^.*?(?=OSRELEASE=)/s, ''));
    }
    const btf = await this.run('cat /sys/kernel/btf/vmlinux', 60);
    if (btf.status === 0) this.btf = new Btf(btf.out);
  }

  /** Whether the guest still answers. */
  get answers(): boolean {
    return this.#answers && !this.#process.hasEnded;
  }

  /**
   * Runs a line of shell in the guest.
   * @throws NoAnswer if it does not end in time, or the guest is gone
   */
  async run(line: string, seconds: number): Promise<Answer> {
    if (!this.answers)
      throw new NoAnswer(this.#process.hasEnded ? this.#process.why : 'the guest does not answer any more');
    try {
      return await this.#channel.run(line, seconds, this.signal);
    } catch (error) {
      if (error instanceof NoAnswer) await this.#silent();
      throw error;
    }
  }

  /** QEMU closes the channel a moment before it has ended. */
  async #silent(): Promise<void> {
    this.#answers = false;
    await Promise.race([this.#process.ended, new Promise((resolve) => setTimeout(resolve, 1000))]);
  }

  async #calls(): Promise<Caller> {
    if (!this.answers) throw new NoAnswer('the guest does not answer any more');
    if (this.#caller === null) {
      const gdb = new Gdb(await this.#process.socket(join(this.dir, 'gdb'), 10));
      gdb.go();
      const caller = new Caller(this.kernel.arch, gdb, this.#channel, this.symbols);
      await caller.check(this.signal);
      this.#caller = caller;
    }
    return this.#caller;
  }

  /**
   * Calls a kernel function.
   * @throws Oops if the task that calls it dies; the guest lives on
   */
  async call(name: string, args: readonly Argument[], seconds: number): Promise<bigint> {
    const caller = await this.#calls();
    try {
      return await caller.call(name, args, seconds, this.signal);
    } catch (error) {
      if (!(error instanceof Oops)) await this.#silent();
      throw error;
    }
  }

  /** Makes the next calls of a kernel function fail. */
  async fail(fault: Fault): Promise<void> {
    await (await this.#calls()).fail(fault);
  }

  /** Plugs a memory device. @throws QmpRefusal if QEMU refuses it */
  async plug(device: MemoryDevice): Promise<void> {
    const { id, start, size } = device;
    prepare(this.dir, device);
    await this.qmp.execute('object-add', backendOf(this.dir, id, backingSize(device)));
    try {
      await this.qmp.execute('device_add', deviceProperties(device));
      this.ram.add(id, memoryFile(this.dir, id), [{ start, size }]);
    } catch (error) {
      await this.qmp.execute('object-del', { id: `m-${id}` });
      throw error;
    }
  }

  /** Forgets the memory of a device that QEMU has deleted. */
  async unplugged(id: string): Promise<void> {
    this.ram.remove(id);
    await this.qmp.execute('object-del', { id: `m-${id}` }).catch(() => undefined);
  }

  /** Waits until the events since the last call are enough, or the time is over; returns them all. */
  async events(
    enough: (events: readonly QmpEvent[]) => boolean,
    seconds: number,
  ): Promise<readonly QmpEvent[]> {
    const until = Date.now() + seconds * 1000;
    while (!enough(this.qmp.events) && Date.now() < until && !this.signal.aborted && !this.#process.hasEnded)
      await new Promise((resolve) => setTimeout(resolve, 50));
    return this.qmp.takeEvents();
  }

  /** Why QEMU is gone; null if it is not. */
  get gone(): string | null {
    return this.#process.hasEnded ? this.#process.why : null;
  }

  /** Ends QEMU and removes everything of the guest. */
  async end(): Promise<void> {
    await this.#process.kill();
    this.ram.close();
    this.#home.remove();
  }

  /** QEMU's process id. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Waits until QEMU ends. */
  get ended(): Promise<void> {
    return this.#process.ended;
  }
}

/** Gives an NVDIMM its labels before QEMU opens its memory. */
function prepare(dir: string, device: MemoryDevice): void {
  if (!device.labels) return;
  const fd = openSync(memoryFile(dir, device.id), 'w');
  ftruncateSync(fd, backingSize(device));
  writeSync(fd, labelIndex(), 0, undefined, device.size);
  closeSync(fd);
}

function writeInitramfs(dir: string, files: GuestFiles, { srat }: QemuMachine): void {
  try {
    writeFileSync(join(dir, 'initramfs'), initramfs(files, new Map(srat ? [[SRAT_PATH, srat]] : [])));
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    throw new UserError(`the guest's programs cannot be written to ${dir}: ${reason(code)}`);
  }
}

async function comesUp(
  channel: Channel,
  console: Console,
  timeout: number,
  signal: AbortSignal,
): Promise<void> {
  let stop: NodeJS.Timeout | undefined;
  const dies = new Promise<never>((_, reject) => {
    stop = setInterval(() => {
      if (console.panicked) reject(new UserError('the kernel panicked while it booted'));
      else if (/mhp: no virtio port/.test(console.text()))
        reject(new UserError('the kernel has no virtio console (VIRTIO_CONSOLE, VIRTIO_PCI)'));
    }, 500);
  });
  try {
    await Promise.race([dies, channel.ready(timeout, signal)]);
  } finally {
    clearInterval(stop);
  }
}

/** All arguments of QEMU. */
export const qemuArgs = (dir: string, machine: QemuMachine, kernel: GuestKernel): readonly string[] => [
  ...machine.args(dir),
  ...(machine.srat === null ? [] : ['-bios', firmware() ?? FIRMWARE[0]]),
  '-nodefaults',
  '-no-user-config',
  '-display',
  'none',
  '-nic',
  'none',
  '-no-reboot',
  '-chardev',
  `socket,id=console,path=${dir}/console,server=on,wait=off,logfile=${dir}/console.log`,
  '-serial',
  'chardev:console',
  '-chardev',
  `socket,id=guest,path=${dir}/guest,server=on,wait=off`,
  '-device',
  'virtio-serial-pci',
  '-device',
  `virtserialport,chardev=guest,name=${PORT}`,
  '-chardev',
  `socket,id=gdb,path=${dir}/gdb,server=on,wait=off`,
  '-gdb',
  'chardev:gdb',
  '-qmp',
  `unix:${dir}/qmp,server=on,wait=off`,
  '-kernel',
  kernel.image,
  '-initrd',
  `${dir}/initramfs`,
  '-append',
  machine.cmdline,
];
