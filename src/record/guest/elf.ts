/** The libraries that a program of 64 bits names (DT_NEEDED), and its interpreter (PT_INTERP). */
export function neededBy(bytes: Buffer): {
  readonly libraries: readonly string[];
  readonly interpreter: string | null;
} {
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46) return { libraries: [], interpreter: null };
  const [PT_LOAD, PT_DYNAMIC, PT_INTERP] = [1, 2, 3];
  const [DT_NEEDED, DT_STRTAB] = [1n, 5n];
  const table = Number(bytes.readBigUInt64LE(32));
  const [size, count] = [bytes.readUInt16LE(54), bytes.readUInt16LE(56)];
  const segments = Array.from({ length: count }, (_, i) => {
    const at = table + i * size;
    const word = (offset: number): number => Number(bytes.readBigUInt64LE(at + offset));
    return { type: bytes.readUInt32LE(at), offset: word(8), va: word(16), length: word(32) };
  });
  const text = (at: number): string => bytes.toString('latin1', at, bytes.indexOf(0, at));
  const interp = segments.find(({ type }) => type === PT_INTERP);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  const needed: number[] = [];
  let strings = 0;
  for (let i = 0; dynamic && i + 16 <= dynamic.length; i += 16) {
    const tag = bytes.readBigUInt64LE(dynamic.offset + i);
    const value = Number(bytes.readBigUInt64LE(dynamic.offset + i + 8));
    if (tag === DT_NEEDED) needed.push(value);
    if (tag === DT_STRTAB) strings = value;
  }
  const load = segments.find(
    ({ type, va, length }) => type === PT_LOAD && va <= strings && strings < va + length,
  );
  const base = load ? strings - load.va + load.offset : 0;
  return {
    libraries: load ? needed.map((offset) => text(base + offset)) : [],
    interpreter: interp ? text(interp.offset) : null,
  };
}
