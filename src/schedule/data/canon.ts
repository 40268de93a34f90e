/**
 * One text per value: two values have equal texts exactly if they are equal as plain data. Object keys are sorted, so
 * insertion order does not matter; a field that is undefined counts as missing.
 */
export function canon(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'bigint':
      return `${value}n`;
    case 'object':
      break;
    case 'function':
    case 'symbol':
      throw new TypeError(`not plain data: ${String(value)}`);
    default:
      return Object.is(value, -0) ? '0' : String(value);
  }
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map(canon).join(',')}]`;
  const fields = Object.entries(value as Record<string, unknown>)
    .filter(([, v]) => v !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([k, v]) => `${JSON.stringify(k)}:${canon(v)}`).join(',')}}`;
}

/** Whether two values have equal texts, computed without making the texts. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((part, i) => equal(part, b[i]));
  }
  if (Array.isArray(b)) return false;
  const x = a as Record<string, unknown>;
  const y = b as Record<string, unknown>;
  for (const field in x) if (!equal(x[field], y[field])) return false;
  for (const field in y) if (x[field] === undefined && y[field] !== undefined) return false;
  return true;
}

/** A 32-bit FNV-1a hash of a text. */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
