const UNITS = ['B', 'K', 'M', 'G', 'T', 'P', 'E'] as const;

/**
 * A size as lsmem prints it: the largest binary unit that gives at least 1, with one decimal where that is not 0 ("2.1G", "128M",
 * "0B"). The decimal is rounded half up from thousandths.
 *
 * @param bytes a safe integer, 0 and up
 */
export function humanSize(bytes: number): string {
  let exp = 0;
  let unit = 1;
  while (exp < UNITS.length - 1 && bytes >= unit * 1024) {
    unit *= 1024;
    exp++;
  }
  let whole = Math.floor(bytes / unit);
  const rest = bytes - whole * unit;
  const thousandths = Number((BigInt(rest) * 1000n) / BigInt(unit));
  let tenths = Math.floor((thousandths + 50) / 100);
  if (tenths === 10) {
    whole++;
    tenths = 0;
  }
  return `${whole}${tenths === 0 ? '' : `.${tenths}`}${UNITS[exp]}`;
}
