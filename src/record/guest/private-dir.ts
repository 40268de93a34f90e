import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../errors/user-error.ts';
import { undoAtExit } from './leftovers.ts';

/** Bytes that a file system has room for; 0 if there is none. */
function roomOf(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** A directory of this user alone, which does not outlive this process. */
export class PrivateDir {
  readonly path: string;
  readonly #forget: () => void;

  /**
   * @param bytes what will be written to it, or more: it lies in memory if there is room for them
   * @param least bytes that will be written for certain
   * @throws UserError if there is no room for `least` anywhere
   */
  constructor(bytes: number, least = bytes) {
    const rooms = ['/dev/shm', tmpdir()].map((root) => ({ root, room: roomOf(root) }));
    const place = rooms.find(({ room }) => room > bytes) ?? rooms.at(-1)!;
    if (place.room <= least)
      throw new UserError(
        `the guest needs ${gib(least)}: ${rooms.map(({ root, room }) => `${root} has room for ${gib(room)}`).join(', ')}`,
      );
    this.path = mkdtempSync(join(place.root, `mhp-record-${process.pid}-`));
    this.#forget = undoAtExit(() => rmSync(this.path, { recursive: true, force: true }));
  }

  /** Removes it and all that is in it. */
  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
    this.#forget();
  }
}
