import { boot } from '../../../src/boot/boot.ts';
import { InputError } from '../../../src/errors/input-error.ts';
import { machineOf, machineOfText } from '../../../src/machines/machine-of.ts';
import { recordingOf } from '../../../src/machines/recording/recording.ts';
import { chosenIn } from '../../../src/machines/sources/chosen.ts';
import { MemTree } from '../../../src/machines/sources/mem-tree.ts';
import { findRelease, nearestRelease } from '../../../src/releases/index.ts';
import { type RunData, RunRecorder, runData } from '../../../src/report/data/run-data.ts';
import { Session } from '../../../src/scenarios/running/session.ts';
import { recordedRun } from './recorded-run.ts';
import { unpacked } from './unpack.ts';

/** Files that a person drops on the lab. They are read here; nothing leaves the browser. */

/** More bytes are refused before they are read. */
export const MOST_BYTES = 32 * 2 ** 20;
const BLOCK = 512;

const isTar = (bytes: Uint8Array): boolean =>
  bytes.length > 262 && new TextDecoder().decode(bytes.subarray(257, 262)) === 'ustar';

const word = (bytes: Uint8Array, at: number, length: number): string =>
  new TextDecoder().decode(bytes.subarray(at, at + length)).replace(/\0[\s\S]*$/, '');

/** The path that a pax header gives to the next member: lines "LENGTH path=PATH". */
const paxPath = (text: string): string | undefined => /^\d+ path=(.*)$/m.exec(text)?.[1];

/** The files of a tar archive: regular ones, links and directories. */
function tarTree(name: string, bytes: Uint8Array): MemTree {
  const tree = new MemTree(name);
  let long: string | undefined;
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    if (bytes[at] === 0) break;
    const size = Number.parseInt(word(bytes, at + 124, 12).trim() || '0', 8);
    if (!Number.isSafeInteger(size) || size < 0 || at + BLOCK + size > bytes.length)
      throw new InputError(name, '', 'is not an intact tar archive');
    const prefix = word(bytes, at + 345, 155);
    const path = long ?? (prefix ? `${prefix}/${word(bytes, at, 100)}` : word(bytes, at, 100));
    const type = String.fromCharCode(bytes[at + 156]!);
    const target = word(bytes, at + 157, 100);
    const data = bytes.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (type === 'L' || type === 'x') {
      const said = word(data, 0, size);
      long = type === 'L' ? said : paxPath(said);
      continue;
    }
    long = undefined;
    if (path.split('/').includes('..')) throw new InputError(name, '', 'has a member whose path contains ..');
    if (type === '0' || type === '\0') tree.addFile(path, data);
    else if (type === '1') tree.addHardLink(path, target);
    else if (type === '2') tree.addLink(path, target);
    else if (type === '5') tree.addDir(path);
  }
  return tree;
}

function text(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(name, '', 'is neither text nor an archive that the lab knows');
  }
}

/** The machine of a dropped file: booted, a run without steps; of a recording, its steps. @throws InputError */
export async function machineOfBytes(name: string, given: Uint8Array): Promise<RunData> {
  if (given.length > MOST_BYTES)
    throw new InputError(name, '', `has ${given.length} bytes; the lab reads at most ${MOST_BYTES}`);
  const bytes = await unpacked(name, given);
  const tree = isTar(bytes) ? tarTree(name, bytes) : null;
  const recording = tree && recordingOf(tree);
  if (recording) return recordedRun(recording);
  const machine = tree
    ? machineOf(chosenIn(tree, name, undefined), name)
    : machineOfText(text(name, bytes), name);
  const release = nearestRelease(machine.release ?? 'v7.2') ?? findRelease('v7.2')!;
  const session = new Session(boot(machine, release));
  return runData(
    { machine: name, title: null, notes: machine.missing ?? [] },
    session,
    new RunRecorder(session),
  );
}
