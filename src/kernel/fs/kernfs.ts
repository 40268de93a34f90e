/** fs/kernfs/dir.c: the order in which readdir() returns names: by hash, then by name. */

const GOLDEN_RATIO_64 = 0x61c8864680b583ebn;
const MASK = 2n ** 64n - 1n;

/** kernfs_name_hash() for a file without a namespace: partial_name_hash() of each byte, hash_long() of the sum. */
function kernfs_name_hash(name: string): bigint {
  let hash = 0n;
  for (const byte of new TextEncoder().encode(name)) {
    hash = ((hash + (BigInt(byte) << 4n) + (BigInt(byte) >> 4n)) * 11n) & MASK;
  }
  hash = (((hash * GOLDEN_RATIO_64) & MASK) >> 32n) & 0x7fffffffn;
  if (hash < 2n) hash += 2n;
  return hash < 0x7fffffffn ? hash : 0x7ffffffen;
}

/** Compares two names of a directory of sysfs for sort(). */
export function kernfs_order(a: string, b: string): number {
  const [one, other] = [kernfs_name_hash(a), kernfs_name_hash(b)];
  if (one !== other) return one < other ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
