/** 1 y t on / 0 n f off, by the first one or two letters. */
export function kstrtobool(text: string): boolean | null {
  if (/^([yYtT1]|[oO][nN])/.test(text)) return true;
  if (/^([nNfF0]|[oO][fF])/.test(text)) return false;
  return null;
}
