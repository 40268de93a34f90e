import type { Socket } from 'node:net';
import { UserError } from '../../errors/user-error.ts';

/** GDB's remote protocol, as far as QEMU's stub needs it to stop a guest, and to read and write registers and memory. */

const checksum = (text: string): string =>
  ([...Buffer.from(text, 'latin1')].reduce((sum, byte) => sum + byte, 0) & 0xff)
    .toString(16)
    .padStart(2, '0');

export class Gdb {
  readonly #socket: Socket;
  #text = '';
  #packets: string[] = [];
  #wake: (() => void) | undefined;
  #gone = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.#text += chunk;
      for (;;) {
        const found = /\$([^#]*)#[0-9a-f]{2}/.exec(this.#text);
        if (!found) break;
        this.#text = this.#text.slice(found.index + found[0].length);
        this.#packets.push(found[1]!);
        socket.write('+');
      }
      this.#wake?.();
    });
    const gone = (): void => {
      this.#gone = true;
      this.#wake?.();
    };
    socket.on('close', gone);
    socket.on('error', gone);
  }

  #send(packet: string): void {
    this.#socket.write(`$${packet}#${checksum(packet)}`, 'latin1');
  }

  async #packet(seconds: number, signal?: AbortSignal): Promise<string> {
    const until = Date.now() + seconds * 1000;
    for (;;) {
      const packet = this.#packets.shift();
      if (packet !== undefined) return packet;
      if (this.#gone) throw new UserError("QEMU's gdb stub is gone");
      if (signal?.aborted) throw new UserError('interrupted');
      const left = until - Date.now();
      if (left <= 0) throw new UserError("QEMU's gdb stub did not answer in time");
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', wake);
          this.#wake = undefined;
          resolve();
        };
        const timer = setTimeout(wake, left);
        signal?.addEventListener('abort', wake);
        this.#wake = wake;
      });
    }
  }

  async #ask(packet: string): Promise<string> {
    this.#send(packet);
    for (;;) {
      const answer = await this.#packet(20);
      // a stop that nobody waits for: QEMU tells of one when it is attached to
      if (!/^[TS][0-9a-f]{2}/.test(answer)) return answer;
    }
  }

  async #ok(packet: string): Promise<void> {
    const answer = await this.#ask(packet);
    if (answer !== 'OK')
      throw new UserError(`QEMU's gdb stub refuses ${packet.slice(0, 20)}: ${answer || 'unknown'}`);
  }

  /** Registers of the CPU that has stopped, as the stub lays them out. */
  async registers(): Promise<Buffer> {
    return Buffer.from(await this.#ask('g'), 'hex');
  }

  setRegisters(registers: Buffer): Promise<void> {
    return this.#ok(`G${registers.toString('hex')}`);
  }

  async read(address: bigint, length: number): Promise<Buffer> {
    const answer = await this.#ask(`m${address.toString(16)},${length.toString(16)}`);
    if (/^E/.test(answer)) throw new UserError(`QEMU's gdb stub cannot read 0x${address.toString(16)}`);
    return Buffer.from(answer, 'hex');
  }

  write(address: bigint, bytes: Buffer): Promise<void> {
    return this.#ok(`M${address.toString(16)},${bytes.length.toString(16)}:${bytes.toString('hex')}`);
  }

  setBreakpoint(address: bigint): Promise<void> {
    return this.#ok(`Z1,${address.toString(16)},4`);
  }

  clearBreakpoint(address: bigint): Promise<void> {
    return this.#ok(`z1,${address.toString(16)},4`);
  }

  /** Lets the guest run. */
  go(): void {
    this.#packets = this.#packets.filter((packet) => !/^[TS][0-9a-f]{2}/.test(packet));
    this.#send('c');
  }

  /** Lets the CPU that has stopped execute one instruction. */
  async step(): Promise<void> {
    this.#packets = this.#packets.filter((packet) => !/^[TS][0-9a-f]{2}/.test(packet));
    this.#send('s');
    await this.stopped(20, new AbortController().signal);
  }

  /** Waits until the guest stops. */
  async stopped(seconds: number, signal: AbortSignal): Promise<void> {
    for (;;) if (/^[TS][0-9a-f]{2}/.test(await this.#packet(seconds, signal))) return;
  }

  /** Stops a guest that runs. */
  async interrupt(): Promise<void> {
    this.#socket.write('\x03');
    await this.stopped(20, new AbortController().signal);
  }

  close(): void {
    this.#socket.destroy();
  }
}
