import { gunzipSync } from 'fflate';
import { boot } from '../../../src/boot/boot.ts';
import { InputError } from '../../../src/errors/input-error.ts';
import { machineOf, machineOfText } from '../../../src/machines/machine-of.ts';
import { MemTree } from '../../../src/machines/sources/mem-tree.ts';
import { findRelease, nearestRelease } from '../../../src/releases/index.ts';
import { type RunData, RunRecorder, runData } from '../../../src/report/data/run-data.ts';
import { Session } from '../../../src/scenarios/running/session.ts';

/** Files that a person drops on the lab. They are read here; nothing leaves the browser. */

/** More bytes are refused before they are read. */
export const MOST_BYTES = 32 * 2 ** 20;
const MOST_UNPACKED = 256 * 2 ** 20;
const BLOCK = 512;

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;
const isTar = (bytes: Uint8Array): boolean =>
  bytes.length > 262 && new TextDecoder().decode(bytes.subarray(257, 262)) === 'ustar';
const PACKED = ['BZh', '\u00fd7zXZ'] as const;

function unpacked(name: string, bytes: Uint8Array): Uint8Array {
  // the length is at the end of a gzip file
  const length = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true);
  if (length > MOST_UNPACKED)
    throw new InputError(name, '', `has more than ${MOST_UNPACKED} bytes when it is unpacked`);
  try {
    return gunzipSync(bytes, { out: new Uint8Array(length) });
  } catch (error) {
    throw new InputError(name, '', `is not an intact gzip file (${(error as Error).message})`);
  }
}

const word = (bytes: Uint8Array, at: number, length: number): string =>
  new TextDecoder().decode(bytes.subarray(at, at + length)).replace(/\0[\s\S]*$/, '');

/** The files of a tar archive: regular ones and symbolic links. */
function tarTree(name: string, bytes: Uint8Array): MemTree {
  const tree = new MemTree(name);
  let long: string | undefined;
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    if (bytes[at] === 0) break;
    const size = Number.parseInt(word(bytes, at + 124, 12).trim() || '0', 8);
    if (!Number.isSafeInteger(size) || at + BLOCK + size > bytes.length)
      throw new InputError(name, '', 'is not an intact tar archive');
    const prefix = word(bytes, at + 345, 155);
    const path = long ?? (prefix ? `${prefix}/${word(bytes, at, 100)}` : word(bytes, at, 100));
    const type = String.fromCharCode(bytes[at + 156]!);
    const data = bytes.subarray(at + BLOCK, at + BLOCK + size);
    long = undefined;
    if (path.split('/').includes('..')) throw new InputError(name, '', 'has a member whose path contains ..');
    if (type === 'L') long = word(data, 0, data.length);
    else if (type === '0' || type === '\0') tree.addFile(rooted(path), data);
    else if (type === '2') tree.addLink(rooted(path), word(bytes, at + 157, 100));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return tree;
}

/** A path from the first of proc, sys and sos_commands on: archives of a host have a folder around them. */
const rooted = (path: string): string => path.replace(/^.*?(?=(?:proc|sys|sos_commands|tables)\/)/, '');

function text(name: string, bytes: Uint8Array): string {
  const packed = new TextDecoder('latin1').decode(bytes.subarray(0, 6));
  if (PACKED.some((head) => packed.startsWith(head)))
    throw new InputError(
      name,
      '',
      'is packed with bzip2 or xz: the lab unpacks gzip; mhp run reads all three',
    );
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(name, '', 'is neither text nor an archive that the lab knows');
  }
}

/** The machine of a dropped file, booted: a run without steps. @throws InputError */
export function machineOfBytes(name: string, given: Uint8Array): RunData {
  if (given.length > MOST_BYTES)
    throw new InputError(name, '', `has ${given.length} bytes; the lab reads at most ${MOST_BYTES}`);
  const bytes = isGzip(given) ? unpacked(name, given) : given;
  const machine = isTar(bytes)
    ? machineOf({ tree: tarTree(name, bytes) }, name)
    : machineOfText(text(name, bytes), name);
  const release = nearestRelease(machine.release ?? 'v7.2') ?? findRelease('v7.2')!;
  const session = new Session(boot(machine, release));
  return runData(
    { machine: name, title: null, notes: machine.missing ?? [] },
    session,
    new RunRecorder(session),
  );
}
