/** Limits on what a reader accepts, so that no input can exhaust memory or time. All sizes are in bytes. */
export interface Limits {
  /** One file's text. */
  readonly file: number;
  /** All kept files of one archive together. */
  readonly kept: number;
  /** Members of an archive, kept or not. */
  readonly members: number;
  /** An archive after decompression. */
  readonly stream: number;
  /** The ratio of decompressed to compressed size, checked once {@link ratio_from} bytes were decompressed. */
  readonly ratio: number;
  readonly ratio_from: number;
}

export const DEFAULT_LIMITS: Limits = {
  file: 64 * 2 ** 20,
  kept: 512 * 2 ** 20,
  members: 4_000_000,
  stream: 8 * 2 ** 30,
  ratio: 1000,
  ratio_from: 64 * 2 ** 20,
};
