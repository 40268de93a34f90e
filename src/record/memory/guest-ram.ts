import { closeSync, openSync, readSync, unlinkSync } from 'node:fs';
import { UserError } from '../../errors/user-error.ts';

/** The guest's memory, read from outside: QEMU keeps it in files that both have mapped. */
export class GuestRam {
  #pieces: { readonly start: number; readonly end: number; readonly fd: number; readonly offset: number }[] =
    [];
  readonly #fds = new Map<string, number>();

  /**
   * @param id of the node or the device
   * @param path a file that QEMU has opened; its name is removed, so that nothing is left of it
   * @param pieces physical ranges in order of their place in the file
   */
  add(id: string, path: string, pieces: readonly { readonly start: number; readonly size: number }[]): void {
    const fd = openSync(path, 'r');
    unlinkSync(path);
    this.#fds.set(id, fd);
    let offset = 0;
    for (const { start, size } of pieces) {
      this.#pieces.push({ start, end: start + size, fd, offset });
      offset += size;
    }
  }

  /** Forgets the memory of a device. */
  remove(id: string): void {
    const fd = this.#fds.get(id);
    if (fd === undefined) return;
    this.#fds.delete(id);
    this.#pieces = this.#pieces.filter((piece) => piece.fd !== fd);
    closeSync(fd);
  }

  has(address: number, length: number): boolean {
    return this.#pieces.some(({ start, end }) => start <= address && address + length <= end);
  }

  /** @throws UserError if there is no such memory */
  read(address: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length; ) {
      const at = address + done;
      const piece = this.#pieces.find(({ start, end }) => start <= at && at < end);
      if (!piece) throw new UserError(`the guest has no memory at 0x${at.toString(16)}`);
      const part = Math.min(length - done, piece.end - at);
      readSync(piece.fd, bytes, done, part, piece.offset + at - piece.start);
      done += part;
    }
    return bytes;
  }

  close(): void {
    for (const id of [...this.#fds.keys()]) this.remove(id);
  }
}
