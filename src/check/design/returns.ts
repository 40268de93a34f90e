/** The kind of a value; values of one kind may replace each other. */
export type ReturnKind = 'number' | 'NaN' | 'boolean' | 'text' | 'object' | 'function' | 'undefined' | 'null';

/** The kinds of values returned so far, by kernel name of the function. */
export type Returns = ReadonlyMap<string, ReadonlySet<ReturnKind>>;

export function kindOf(value: unknown): ReturnKind {
  if (value === null) return 'null';
  if (Number.isNaN(value)) return 'NaN';
  const type = typeof value;
  if (type === 'string') return 'text';
  if (type === 'bigint' || type === 'symbol') return 'object';
  return type;
}
