/** Bounds on what a reader takes in, so that no input can exhaust memory or time. All sizes are bytes. */
export interface Limits {
  /** One file's text. */
  readonly file: number;
  /** All files kept of one archive together. */
  readonly kept: number;
  /** Members of an archive, kept or not. */
  readonly members: number;
  /** An archive once decompressed. */
  readonly stream: number;
  /** Decompressed over compressed, looked at once {@link ratio_from} bytes came out. */
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
