import { gunzipSync } from 'fflate';
import { InputError } from '../../../src/errors/input-error.ts';

/** Archives that a person drops on the lab: gzip, bzip2 and xz, in memory and within bounds. */

const MOST_UNPACKED = 256 * 2 ** 20;

const tooMuch = (name: string): InputError =>
  new InputError(name, '', `has more than ${MOST_UNPACKED} bytes when it is unpacked`);

function gunzipped(name: string, bytes: Uint8Array): Uint8Array {
  // the length is at the end of a gzip file
  const length = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true);
  if (length > MOST_UNPACKED) throw tooMuch(name);
  return gunzipSync(bytes, { out: new Uint8Array(length) });
}

/** Pieces as one, refused as soon as they are too many. */
class Pieces {
  readonly #name: string;
  readonly #pieces: Uint8Array[] = [];
  length = 0;

  constructor(name: string) {
    this.#name = name;
  }

  add(piece: Uint8Array): void {
    this.length += piece.length;
    if (this.length > MOST_UNPACKED) throw tooMuch(this.#name);
    this.#pieces.push(piece);
  }

  whole(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }
}

/** What seek-bzip uses of Node's Buffer. */
class Bytes extends Uint8Array {
  override toString(): string {
    return [...this].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}

async function bunzipped(name: string, bytes: Uint8Array): Promise<Uint8Array> {
  const around = globalThis as { Buffer?: unknown };
  around.Buffer ??= Bytes;
  const { default: Bunzip } = await import('seek-bzip');
  const pieces = new Pieces(name);
  let piece = new Uint8Array(2 ** 16);
  let [from, to] = [0, 0];
  const readByte = (): number => {
    if (from >= bytes.length) throw new Error('unexpected end of file');
    return bytes[from++]!;
  };
  const input = {
    readByte,
    read: (buffer: Uint8Array, offset: number, length: number): number => {
      for (let i = 0; i < length; i++) buffer[offset + i] = readByte();
      return length;
    },
    eof: (): boolean => from >= bytes.length,
  };
  const output = {
    writeByte: (byte: number): void => {
      piece[to++] = byte;
      if (to < piece.length) return;
      pieces.add(piece);
      piece = new Uint8Array(2 ** 16);
      to = 0;
    },
  };
  Bunzip.decode(input, output, true);
  pieces.add(piece.subarray(0, to));
  return pieces.whole();
}

const PIECE = 2 ** 16;

async function unxzed(name: string, bytes: Uint8Array): Promise<Uint8Array> {
  const { XzReadableStream } = await import('xz-decompress');
  const pieces = new Pieces(name);
  let at = 0;
  let told = -1;
  const packed = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (at < bytes.length) controller.enqueue(bytes.subarray(at, at + PIECE));
        else if (told === pieces.length) controller.error(new Error('unexpected end of file'));
        else {
          // asked without need of input while there is output left: it gets none, and has to go on
          told = pieces.length;
          controller.enqueue(new Uint8Array(0));
        }
        at += PIECE;
      },
    },
    { highWaterMark: 0 },
  );
  const reader = new XzReadableStream(packed).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return pieces.whole();
    pieces.add(value);
  }
}

const KINDS: readonly {
  readonly kind: string;
  readonly magic: readonly number[];
  readonly unpack: (name: string, bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
}[] = [
  { kind: 'gzip', magic: [0x1f, 0x8b], unpack: gunzipped },
  { kind: 'bzip2', magic: [0x42, 0x5a, 0x68], unpack: bunzipped },
  { kind: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], unpack: unxzed },
];

/** A file as it was before it was packed; one that is not packed as it is. @throws InputError */
export async function unpacked(name: string, bytes: Uint8Array): Promise<Uint8Array> {
  const found = KINDS.find(({ magic }) => magic.every((byte, i) => bytes[i] === byte));
  if (!found) return bytes;
  try {
    return await found.unpack(name, bytes);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(name, '', `is not an intact ${found.kind} file (${(error as Error).message})`);
  }
}
