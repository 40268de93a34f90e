/** lib/cmdline.c */

const SUFFIXES = 'KMGTPE';

/**
 * A number of bytes at the start of a text: decimal, 0x… or 0…, then perhaps one of K, M, G, T, P, E. `rest` is what
 * follows; without a number the value is 0 and all of the text follows. Values are cut off at 2^53 - 1.
 */
export function memparse(text: string): { value: number; rest: string } {
  const [, number = '', suffix = ''] = /^(0[xX][0-9a-fA-F]+|\d+)([KMGTPEkmgtpe]?)/.exec(text) ?? [];
  if (number === '') return { value: 0, rest: text };
  const octal = /^0[0-7]+$/.test(number);
  const digits = octal ? Number.parseInt(number, 8) : Number(number);
  const unit = 1024 ** (suffix === '' ? 0 : SUFFIXES.indexOf(suffix.toUpperCase()) + 1);
  const value = Math.min(digits * unit, Number.MAX_SAFE_INTEGER);
  return { value, rest: text.slice(number.length + suffix.length) };
}
