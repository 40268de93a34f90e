import { ReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import { InputError } from '../../errors/input-error.ts';
import type { Limits } from './limits.ts';

export type Compression = 'none' | 'gzip' | 'bzip2' | 'xz';

/** Returns the next piece of a file, undefined at its end. */
export type Pull = () => Uint8Array | undefined;

const MAGIC: readonly (readonly [string, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
  ['lzip', [0x4c, 0x5a, 0x49, 0x50]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
];

/** The compression format according to the first bytes of a file; undefined if they match none. */
export function sniff(head: Uint8Array): string | undefined {
  return MAGIC.find(([, bytes]) => bytes.every((byte, i) => head[i] === byte))?.[0];
}

/**
 * Decompresses a stream piece by piece into `sink`, within the limits.
 * @throws InputError if the data is damaged, ends early, or decompresses to more than the limits allow
 */
export async function decompress(
  source: string,
  compression: Compression,
  pull: Pull,
  limits: Limits,
  sink: (chunk: Uint8Array) => void,
): Promise<void> {
  let taken = 0;
  let given = 0;
  let fault: { readonly error: unknown } | undefined;
  const counted: Pull = () => {
    const chunk = pull();
    if (chunk) taken += chunk.length;
    return chunk;
  };
  const bounded = (chunk: Uint8Array): void => {
    given += chunk.length;
    if (given > limits.stream)
      throw new InputError(source, '', `unpacks to more than ${limits.stream} bytes`);
    if (given > limits.ratio_from && given > limits.ratio * taken) {
      throw new InputError(source, '', `unpacks to more than ${limits.ratio} times its size`);
    }
    try {
      sink(chunk);
    } catch (error) {
      fault = { error };
      throw error;
    }
  };
  try {
    await DECODERS[compression](counted, bounded);
  } catch (error) {
    if (fault !== undefined) throw fault.error;
    if (error instanceof InputError) throw error;
    throw new InputError(source, '', `is truncated or damaged (${compression}: ${(error as Error).message})`);
  }
}

type Decoder = (pull: Pull, sink: (chunk: Uint8Array) => void) => Promise<void>;

const DECODERS: Record<Compression, Decoder> = {
  async none(pull, sink) {
    for (let chunk = pull(); chunk; chunk = pull()) sink(chunk);
  },

  async gzip(pull, sink) {
    const gunzip = createGunzip();
    let failure: unknown;
    gunzip.on('data', (chunk: Buffer) => {
      if (failure !== undefined) return;
      try {
        sink(chunk);
      } catch (error) {
        failure = error;
        gunzip.destroy();
      }
    });
    gunzip.on('error', (error) => {
      failure ??= error;
    });
    const closed = new Promise<void>((resolve) => {
      gunzip.once('close', resolve);
    });
    for (let chunk = pull(); chunk && failure === undefined; chunk = pull()) {
      // A piece is passed on only after the one before is finished, so that the counts stay correct.
      const piece = chunk;
      await Promise.race([closed, new Promise<void>((resolve) => void gunzip.write(piece, () => resolve()))]);
    }
    gunzip.end();
    await closed;
    if (failure !== undefined) throw failure;
  },

  async bzip2(pull, sink) {
    const { default: Bunzip } = await import('seek-bzip');
    const input = new ByteInput(pull);
    const output = new ByteOutput(sink);
    Bunzip.decode(input, output, true);
    output.flush();
  },

  async xz(pull, sink) {
    // a loader that transforms modules gives the exports of this CommonJS module without `default`
    const loaded = await import('xz-decompress');
    const { XzReadableStream } = loaded.default ?? loaded;
    let produced = 0;
    let producedAtEnd = -1;
    const compressed = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const chunk = pull();
          if (chunk !== undefined) {
            controller.enqueue(chunk);
          } else if (produced === producedAtEnd) {
            controller.error(new Error('unexpected end of file'));
          } else {
            // The decoder also calls when it only has output left: it gets no input, and must produce output.
            producedAtEnd = produced;
            controller.enqueue(new Uint8Array(0));
          }
        },
      },
      { highWaterMark: 0 },
    );
    const reader = new XzReadableStream(compressed as never).getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        produced += value.length;
        sink(value);
      }
    } catch (error) {
      await reader.cancel().catch(() => undefined);
      throw error;
    }
  },
};

/** Turns pieces into single bytes. */
class ByteInput {
  readonly #pull: Pull;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(pull: Pull) {
    this.#pull = pull;
  }

  readByte(): number {
    if (this.eof()) throw new Error('unexpected end of file');
    return this.#chunk[this.#at++]!;
  }

  read(buffer: Uint8Array, offset: number, length: number): number {
    for (let i = 0; i < length; i++) buffer[offset + i] = this.readByte();
    return length;
  }

  eof(): boolean {
    while (this.#at >= this.#chunk.length) {
      const next = this.#pull();
      if (next === undefined) return true;
      this.#chunk = next;
      this.#at = 0;
    }
    return false;
  }
}

/** Turns single bytes into pieces. */
class ByteOutput {
  readonly #sink: (chunk: Uint8Array) => void;
  #buffer = new Uint8Array(256 * 1024);
  #at = 0;

  constructor(sink: (chunk: Uint8Array) => void) {
    this.#sink = sink;
  }

  writeByte(byte: number): void {
    this.#buffer[this.#at++] = byte;
    if (this.#at === this.#buffer.length) this.flush();
  }

  flush(): void {
    if (this.#at === 0) return;
    this.#sink(this.#buffer.slice(0, this.#at));
    this.#at = 0;
  }
}
