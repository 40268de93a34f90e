/** Archives in cpio's newc format, as the kernel unpacks them: Documentation/driver-api/early-userspace/buffer-format.rst. */

export interface CpioEntry {
  /** Without a leading slash. */
  readonly path: string;
  /** The type and permissions of stat(2). */
  readonly mode: number;
  /** A file's contents or a link's target. */
  readonly data?: Uint8Array;
  /** Of a device node. */
  readonly device?: readonly [major: number, minor: number];
}

export const directory = (path: string): CpioEntry => ({ path, mode: 0o040755 });
export const file = (path: string, data: Uint8Array | string, mode = 0o644): CpioEntry => ({
  path,
  mode: 0o100000 | mode,
  data: Buffer.from(data),
});
export const link = (path: string, target: string): CpioEntry => ({
  path,
  mode: 0o120777,
  data: Buffer.from(target),
});
export const character = (path: string, major: number, minor: number): CpioEntry => ({
  path,
  mode: 0o020600,
  device: [major, minor],
});

const padded = (bytes: Uint8Array): Uint8Array[] => [bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)];

function entry(
  { path, mode, data = Buffer.alloc(0), device = [0, 0] }: CpioEntry,
  ino: number,
): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const fields = [ino, mode, 0, 0, 1, 0, data.length, 0, 0, device[0], device[1], name.length, 0];
  const head = `070701${fields.map((n) => n.toString(16).padStart(8, '0')).join('')}`;
  return [...padded(Buffer.concat([Buffer.from(head), name])), ...padded(data)];
}

/** The archive of these entries, directories before what lies in them, with its trailer. */
export const cpio = (entries: readonly CpioEntry[]): Buffer =>
  Buffer.concat([
    ...entries.flatMap((one, i) => entry(one, i + 1)),
    ...entry({ path: 'TRAILER!!!', mode: 0 }, 0),
  ]);
