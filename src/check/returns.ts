/** What a value is, as far as one may stand for another. */
export type Kind = 'number' | 'NaN' | 'boolean' | 'text' | 'object' | 'function' | 'undefined' | 'null';

/** By kernel name: what has been returned. */
export type Returns = ReadonlyMap<string, ReadonlySet<Kind>>;

export function kindOf(value: unknown): Kind {
  if (value === null) return 'null';
  if (Number.isNaN(value)) return 'NaN';
  const type = typeof value;
  if (type === 'string') return 'text';
  if (type === 'bigint' || type === 'symbol') return 'object';
  return type;
}
