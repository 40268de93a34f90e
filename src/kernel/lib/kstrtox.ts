/** lib/kstrtox.c */

/** Whether kstrtobool() takes the first letters of enable and disable. */
interface Words {
  readonly KSTRTOBOOL_ENABLE: boolean;
}

/** 1 y t on / 0 n f off, by the first one or two letters; e and d (enable, disable) if the release takes them. */
export function kstrtobool(text: string, { KSTRTOBOOL_ENABLE }: Words): boolean | null {
  if (/^([yYtT1]|[oO][nN])/.test(text)) return true;
  if (/^([nNfF0]|[oO][fF])/.test(text)) return false;
  if (KSTRTOBOOL_ENABLE && /^[eEdD]/.test(text)) return /^[eE]/.test(text);
  return null;
}

/**
 * Base 0: decimal, 0x or octal, one newline at most; null for anything else. Numbers above 2^53 are rounded, which no
 * file notices.
 */
export function kstrtoul(text: string): number | null {
  const match = /^\+?(0[xX][0-9a-fA-F]{1,16}|\d{1,20})\n?$/.exec(text);
  if (!match) return null;
  const digits = match[1]!;
  if (/^0\d/.test(digits)) return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : null;
  const value = Number(digits);
  return value < 2 ** 64 ? value : null;
}
