import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { InputError } from '../../errors/input-error.ts';
import { UserError } from '../../errors/user-error.ts';
import { undoAtExit } from '../guest/leftovers.ts';

/** A process of QEMU that does not outlive this one. */

/** The path of a program; null if there is none. */
export function programPath(name: string): string | null {
  if (name.includes('/')) return existsSync(name) ? name : null;
  for (const dir of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(dir, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // the next
    }
  }
  return null;
}

/** Debian's package with a program. */
const PACKAGES: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-system-aarch64': 'qemu-system-arm',
  setpriv: 'util-linux',
};

/** EDK II for arm64, as distributions install it; the first is Debian's. */
export const FIRMWARE = [
  '/usr/share/qemu-efi-aarch64/QEMU_EFI.fd',
  '/usr/share/edk2/aarch64/QEMU_EFI.fd',
  '/usr/share/edk2-armvirt/aarch64/QEMU_EFI.fd',
] as const;
/** Debian's package with it. */
export const FIRMWARE_PACKAGE = 'qemu-efi-aarch64';

/** The firmware of this host; undefined if it has none. */
export const firmware = (): string | undefined => FIRMWARE.find((path) => existsSync(path));

export const packageOf = (program: string): string => PACKAGES[program] ?? program;

export class QemuProcess {
  readonly #child: ChildProcess;
  #stderr = '';
  #ended: string | null = null;
  readonly ended: Promise<void>;

  /**
   * QEMU runs under setpriv --pdeathsig KILL, where that exists: the kernel kills it when this process ends, even by SIGKILL.
   * @throws InputError if there is no such program
   */
  constructor(program: string, args: readonly string[]) {
    const path = programPath(program);
    if (path === null) throw new InputError(program, '', `is not installed (package ${packageOf(program)})`);
    const setpriv = programPath('setpriv');
    const [first, ...rest] =
      setpriv === null ? [path, ...args] : [setpriv, '--pdeathsig', 'KILL', '--', path, ...args];
    // its own process group, so that Ctrl-C reaches this process alone
    this.#child = spawn(first!, rest, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = `${this.#stderr}${chunk.toString()}`.slice(-4000);
    });
    const forget = undoAtExit(() => this.#child.kill('SIGKILL'));
    this.ended = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        forget();
        this.#ended ??= error.message;
        resolve();
      });
      this.#child.on('close', (code, signal) => {
        forget();
        this.#ended ??= signal === null ? `status ${code}` : `signal ${signal}`;
        resolve();
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#ended !== null;
  }

  /** Why it has ended, with its own words. */
  get why(): string {
    const said = this.#stderr
      .split('\n')
      .filter((line) => line.trim() !== '' && !/warning:/.test(line))
      .at(-1);
    return `QEMU has ended (${this.#ended})${said === undefined ? '' : `: ${said.replace(/^qemu-system-\w+: /, '')}`}`;
  }

  /** Connects to one of its sockets, which it makes when it starts. */
  async socket(path: string, seconds: number): Promise<Socket> {
    const until = Date.now() + seconds * 1000;
    for (;;) {
      if (this.hasEnded) throw new UserError(this.why);
      const socket = await new Promise<Socket | null>((resolve) => {
        const one = connect(path);
        one.once('connect', () => resolve(one));
        one.once('error', () => resolve(null));
      });
      if (socket !== null) return socket;
      if (Date.now() > until) throw new UserError(`QEMU did not open ${path} within ${seconds} s`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async kill(): Promise<void> {
    if (!this.hasEnded) this.#child.kill('SIGKILL');
    await this.ended;
  }
}
