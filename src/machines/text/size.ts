/**
 * A number of bytes as people write it: decimal or 0x hexadecimal, with a binary unit (K, KiB, M, MiB, … up to P) or
 * none. Decimal units (powers of 1000) are not accepted.
 */
export const SIZE_PATTERN = /^(0[xX][0-9a-fA-F]{1,16}|[0-9]{1,16}) ?(?:([KMGTPkmgtp])(?:iB)?|B)?$/;

const UNITS = 'KMGTP';

/** The number of bytes in a text, or undefined if it is not a size or not below 2^53. */
export function parseSize(text: string): number | undefined {
  const match = SIZE_PATTERN.exec(text);
  if (match === null) return undefined;
  const unit = match[2] === undefined ? 0 : UNITS.indexOf(match[2].toUpperCase()) + 1;
  const bytes = Number(match[1]) * 1024 ** unit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
