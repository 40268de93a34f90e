/** lib/string_helpers.c */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** A number of bytes in three digits, in units of powers of two (STRING_UNITS_2): "126 MiB", "1.50 GiB". */
export function string_get_size(bytes: number): string {
  let whole = bytes;
  let rest = 0;
  let unit = 0;
  for (; whole >= 1024; unit++) {
    rest = whole % 1024;
    whole = Math.floor(whole / 1024);
  }
  let digits = 0;
  for (let n = whole; n > 0 && n * 10 < 1000; n *= 10) digits++;
  let thousandths = Math.floor((rest * 1000) / 1024) + [500, 50, 5][digits]!;
  if (thousandths >= 1000) {
    thousandths -= 1000;
    whole++;
  }
  const fraction =
    digits === 0 || unit === 0 ? '' : `.${String(thousandths).padStart(3, '0').slice(0, digits)}`;
  return `${whole}${fraction} ${UNITS[unit]}`;
}
