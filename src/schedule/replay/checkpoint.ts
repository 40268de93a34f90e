import { UserError } from '../../errors/user-error.ts';
import { canon, hashText } from '../data/canon.ts';
import type { Fault } from '../program/semantics.ts';
import type { Control } from '../search/control.ts';
import { type Question, statesSearch, tracesSearch } from '../search/question.ts';
import type { LockState } from '../semantics/locks.ts';
import type { RcuState } from '../semantics/rcu.ts';
import type { SavedSharing } from '../semantics/sharing.ts';
import type { Slot } from '../semantics/slots.ts';
import { stateText } from '../semantics/state-text.ts';
import type { System } from '../semantics/system.ts';
import type { Unfolding } from '../semantics/unfold.ts';
import { WorldSystem } from '../semantics/world.ts';
import { StatesSearch } from '../states/states.ts';
import type { SavedTraces, TracesSearch } from '../traces/traces.ts';

/** The bytes are not a checkpoint, are damaged, or belong to another program, other options or another version. */
export class BadCheckpoint extends UserError {
  override readonly name = 'BadCheckpoint';
}

const FORMAT = 'mhp-checkpoint-1';
const OTHER_VERSION = 'the checkpoint is of another version of mhp';

interface Header {
  readonly format: typeof FORMAT;
  readonly mode: 'states' | 'traces';
  readonly program: string;
  /** What whoever wrote it wants to find again. */
  readonly note?: unknown;
  readonly fingerprint: number;
  readonly values: readonly unknown[];
  readonly slots: readonly Slot[];
  readonly locks: readonly (LockState | RcuState)[];
  readonly faults: readonly Fault[];
  readonly nodes: Unfolding['journal'];
  readonly worlds: WorldSystem['journal'];
  readonly sharing: SavedSharing;
  readonly reliedNodes: readonly (boolean | null)[];
  readonly monitors: readonly unknown[];
  /** Only in mode states. */
  readonly width?: number;
  readonly lengths?: readonly number[];
  readonly counters?: readonly number[];
  /** Only in mode traces. */
  readonly traces?: SavedTraces;
}

/** Identifies the question; bounds may differ when the search continues. */
function fingerprint({ program, monitors, reduce, forget }: Question, system: System): number {
  const threads = program.threads.map((t) => [t.name, t.dormant ?? false, t.run === undefined]);
  const names = monitors.map((m) => m.name);
  return hashText(canon([program.name, threads, stateText(system, system.initial()), names, reduce, forget]));
}

/** A stopped search, as bytes from which {@link resume} continues. */
export function checkpoint(
  question: Question,
  search: StatesSearch | TracesSearch,
  note: unknown = null,
): Uint8Array {
  const { system } = search;
  const { program, monitors } = question;
  const base = {
    format: FORMAT,
    program: program.name,
    note,
    fingerprint: fingerprint(question, system),
    values: Array.from({ length: system.values.size }, (_, id) => system.values.value(id)),
    slots: system.slots.all,
    locks: Array.from({ length: system.locks.size - 1 }, (_, i) => system.locks.data(i + 1)!),
    faults: system.faults,
    nodes: system.nodes.journal,
    worlds: system instanceof WorldSystem ? system.journal : [],
    sharing: system.sharing.save(),
    reliedNodes: Array.from(system.reliedNodes, (on) => on ?? false),
    monitors: monitors.map((m) => m.memory?.save() ?? null),
  } as const;
  if (!(search instanceof StatesSearch)) {
    return pack({ ...base, mode: 'traces', traces: search.save() }, []);
  }
  const width = system.width;
  const lists = [search.saveStates(width), ...search.lists.map((l) => l.data.subarray(0, l.length))];
  const lengths = lists.map((l) => l.length);
  return pack({ ...base, mode: 'states', width, lengths, counters: search.counters }, lists);
}

/**
 * The program of a checkpoint by its name, and the note that was written with it.
 * @throws BadCheckpoint
 */
export function readNote(bytes: Uint8Array): { readonly program: string; readonly note: unknown } {
  try {
    const { format, program, note } = unpack(bytes).header;
    if (format === FORMAT) return { program, note };
  } catch (error) {
    throw error instanceof BadCheckpoint
      ? error
      : new BadCheckpoint('the checkpoint is damaged', { cause: error });
  }
  throw new BadCheckpoint(OTHER_VERSION);
}

/** Continues a search from its checkpoint. Throws {@link BadCheckpoint}. */
export function resume(question: Question, control: Control, bytes: Uint8Array): StatesSearch | TracesSearch {
  try {
    return goOn(question, control, unpack(bytes));
  } catch (error) {
    if (error instanceof BadCheckpoint) throw error;
    // Any other error while reading comes from a damaged checkpoint.
    throw new BadCheckpoint('the checkpoint is damaged', { cause: error });
  }
}

function goOn(question: Question, control: Control, { header, lists }: Unpacked) {
  const { program, monitors } = question;
  if (header.format !== FORMAT) throw new BadCheckpoint(OTHER_VERSION);
  if (header.program !== program.name) {
    throw new BadCheckpoint(`the checkpoint is of ${header.program}, not of ${program.name}`);
  }
  const search = header.mode === 'states' ? statesSearch(question, control) : tracesSearch(question, control);
  const { system } = search;
  if (header.fingerprint !== fingerprint(question, system)) {
    throw new BadCheckpoint(`${program.name} or the options have changed since the checkpoint was written`);
  }
  redo(system, header);
  for (const [i, m] of monitors.entries()) m.memory?.load(header.monitors[i] ?? undefined);
  if (search instanceof StatesSearch) {
    search.restore(lists[0]!, header.width!, lists.slice(1), header.counters!);
  } else search.restore(header.traces!);
  return search;
}

/**
 * Restores the numbering of the saved search. What the new search has already numbered itself came first there as well.
 */
function redo(system: System, header: Header): void {
  for (const value of header.values) system.values.id(value);
  for (const slot of header.slots) system.slots.id(slot.kind, slot.name);
  for (const state of header.locks) system.locks.id(state);
  for (const fault of header.faults) system.faultId(fault);
  system.nodes.redo(header.nodes);
  if (system instanceof WorldSystem) system.redoWorlds(header.worlds);
  const same =
    canon(system.nodes.journal) === canon(header.nodes) && system.slots.size === header.slots.length;
  if (!same) throw new BadCheckpoint(`threads of ${header.program} no longer do what they did`);
  system.sharing.load(header.sharing);
  header.reliedNodes.forEach((on, node) => {
    system.reliedNodes[node] = on ?? false;
  });
}

const MAGIC = 0x4d485031;
/** Words of the preamble: magic, length of the header in bytes, hash of all that follows. */
const PREAMBLE = 3;

function pack(header: Header, lists: readonly Int32Array[]): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header, keep));
  const headerWords = Math.ceil(text.length / 4);
  const words = new Int32Array(PREAMBLE + headerWords + lists.reduce((sum, l) => sum + l.length, 0));
  new Uint8Array(words.buffer).set(text, PREAMBLE * 4);
  let at = PREAMBLE + headerWords;
  for (const list of lists) {
    words.set(list, at);
    at += list.length;
  }
  words[0] = MAGIC;
  words[1] = text.length;
  words[2] = hashWords(words.subarray(PREAMBLE));
  return new Uint8Array(words.buffer);
}

interface Unpacked {
  readonly header: Header;
  readonly lists: readonly Int32Array[];
}

function unpack(bytes: Uint8Array): Unpacked {
  if (bytes.length < PREAMBLE * 4 || bytes.length % 4 !== 0)
    throw new BadCheckpoint('this is not a checkpoint');
  // A copy of its own: the slice of a small Buffer is a view into a pool.
  const words = new Int32Array(new Uint8Array(bytes).buffer);
  if (words[0] !== MAGIC && words[0]! >> 8 === MAGIC >> 8) throw new BadCheckpoint(OTHER_VERSION);
  if (words[0] !== MAGIC) throw new BadCheckpoint('this is not a checkpoint');
  if (words[2] !== hashWords(words.subarray(PREAMBLE))) throw new BadCheckpoint('the checkpoint is damaged');
  const length = words[1]!;
  const text = new TextDecoder().decode(new Uint8Array(words.buffer, PREAMBLE * 4, length));
  const header = JSON.parse(text, revive) as Header;
  let at = PREAMBLE + Math.ceil(length / 4);
  const lists = (header.lengths ?? []).map((n) => {
    at += n;
    if (at > words.length) throw new BadCheckpoint('the checkpoint is damaged');
    return words.subarray(at - n, at);
  });
  return { header, lists };
}

function hashWords(words: Int32Array): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < words.length; i++) h = Math.imul(h ^ words[i]!, 0x01000193) ^ (h >>> 15);
  return h | 0;
}

/** Encodes values that JSON cannot represent. */
function keep(_: string, value: unknown): unknown {
  if (value === undefined) return { $: 'undefined' };
  if (typeof value === 'bigint') return { $: 'bigint', text: `${value}` };
  if (typeof value === 'number' && !Number.isFinite(value)) return { $: 'number', text: `${value}` };
  return value;
}

function revive(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('$' in value)) return value;
  const { $, text } = value as { $: string; text: string };
  if ($ === 'bigint') return BigInt(text);
  return $ === 'number' ? Number(text) : UNDEFINED;
}

/** A reviver that returns undefined deletes the property: arrays of values get a hole, which reads as undefined. */
const UNDEFINED = undefined;
