import { UserError } from '../../errors/user-error.ts';
import { hashText } from '../data/canon.ts';
import type { Monitor } from '../monitors/monitor.ts';
import type { Program } from '../program/program.ts';
import { endState, ReplayDiverged, replay, type Story } from './replay.ts';
import type { Choice } from './verdict.ts';

/** The text is not a token, is damaged, or was made by another version. */
export class BadToken extends UserError {
  override readonly name = 'BadToken';
}

/** The contents of a token: the program, the choices, and the state they lead to. */
export interface RecordedTrace {
  readonly program: string;
  readonly trace: readonly Choice[];
  /** A hash of the last state. */
  readonly end: number;
}

const PREFIX = 'mhp1-';

/** An execution as a short text: the program's name, runs of steps by one thread, outcomes other than the first. */
export function encodeToken(program: Program, trace: readonly Choice[]): string {
  const bytes: number[] = [];
  const name = new TextEncoder().encode(program.name);
  number(bytes, name.length);
  bytes.push(...name);
  number(bytes, hashText(endState(program, trace)));
  number(bytes, trace.length);
  for (let i = 0; i < trace.length; ) {
    const { thread } = trace[i]!;
    let n = 1;
    while (trace[i + n]?.thread === thread) n++;
    number(bytes, thread);
    number(bytes, n);
    i += n;
  }
  trace.forEach(({ outcome }, i) => {
    if (outcome === 0) return;
    number(bytes, i);
    number(bytes, outcome);
  });
  bytes.push(...checksum(bytes));
  return PREFIX + packed(bytes);
}

function packed(bytes: readonly number[]): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** The most steps of a story, so that a forged length cannot exhaust memory. */
const MAX_STEPS = 1_000_000;

/** Reads a token. Throws {@link BadToken}. */
export function decodeToken(token: string): RecordedTrace {
  const version = /^mhp(\d+)-/.exec(token)?.[0];
  if (version !== undefined && version !== PREFIX)
    throw new BadToken(`the token is of another version of mhp (${version}, not ${PREFIX})`);
  if (!token.startsWith(PREFIX)) throw new BadToken(`a token begins with ${PREFIX}`);
  const bytes = unpack(token.slice(PREFIX.length));
  const reader = new Reader(bytes);
  const program = new TextDecoder().decode(Uint8Array.from(reader.bytes(reader.number())));
  const end = reader.number();
  const length = reader.number();
  if (length > MAX_STEPS) throw new BadToken(`the token has more than ${MAX_STEPS} steps`);
  const threads: number[] = [];
  while (threads.length < length) {
    const thread = reader.number();
    const n = reader.number();
    if (n === 0 || threads.length + n > length) throw new BadToken('the token is damaged');
    for (let k = 0; k < n; k++) threads.push(thread);
  }
  const outcomes = new Map<number, number>();
  while (reader.left > 0) outcomes.set(reader.number(), reader.number());
  const trace = threads.map((thread, i) => ({ thread, outcome: outcomes.get(i) ?? 0 }));
  return { program, trace, end };
}

/** Runs the execution recorded in a token. Throws {@link ReplayDiverged} if the program behaves differently now. */
export function replayToken(program: Program, recorded: RecordedTrace, monitors: readonly Monitor[]): Story {
  if (program.name !== recorded.program) {
    throw new BadToken(`the token is of ${recorded.program}, not of ${program.name}`);
  }
  const story = replay(program, recorded.trace, monitors);
  if (hashText(endState(program, recorded.trace)) !== recorded.end) {
    throw new ReplayDiverged(
      recorded.trace.length,
      'it ends in another state than it did when it was recorded',
    );
  }
  return story;
}

function number(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}

const CHECKSUM = 4;

function checksum(bytes: readonly number[]): number[] {
  const h = hashText(String.fromCharCode(...bytes));
  return [h >>> 24, (h >>> 16) & 255, (h >>> 8) & 255, h & 255];
}

function unpack(text: string): number[] {
  let bytes: number[];
  try {
    bytes = [...atob(text.replaceAll('-', '+').replaceAll('_', '/'))].map((c) => c.charCodeAt(0));
  } catch {
    throw new BadToken('the token has characters that no token has');
  }
  const body = bytes.slice(0, -CHECKSUM);
  // several texts may decode to the same bytes; only the canonical one is accepted
  if (packed(bytes) !== text) throw new BadToken('the token is damaged');
  if (checksum(body).join() !== bytes.slice(-CHECKSUM).join()) throw new BadToken('the token is damaged');
  return body;
}

class Reader {
  #at = 0;
  readonly #data: readonly number[];

  constructor(data: readonly number[]) {
    this.#data = data;
  }

  get left(): number {
    return this.#data.length - this.#at;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#data[this.#at++];
      if (byte === undefined || scale > 2 ** 35) throw new BadToken('the token is damaged');
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  }

  bytes(n: number): readonly number[] {
    if (n > this.left) throw new BadToken('the token is damaged');
    this.#at += n;
    return this.#data.slice(this.#at - n, this.#at);
  }
}
