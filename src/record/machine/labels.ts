/** The label area of an NVDIMM that has no namespace yet: UEFI 2.10, 13.19, with labels of version 1.1. */

/** Bytes of a label area. */
export const LABEL_AREA = 128 * 1024;

const LABEL = 128;
const INDEX = 256;
const SLOTS = (LABEL_AREA - 2 * INDEX) / LABEL;

/** Fletcher's checksum of 64 bits over words of 32. */
function fletcher64(bytes: Buffer): bigint {
  let [low, high] = [0n, 0n];
  for (let at = 0; at < bytes.length; at += 4) {
    low = BigInt.asUintN(32, low + BigInt(bytes.readUInt32LE(at)));
    high = BigInt.asUintN(32, high + low);
  }
  return (high << 32n) | low;
}

/** An index block; the one with the newer sequence number holds, of 1, 2, 3, 1, … */
function indexBlock(number: 0 | 1, sequence: number): Buffer {
  const block = Buffer.alloc(INDEX);
  block.write('NAMESPACE_INDEX\0', 0, 'latin1');
  block.writeUInt32LE(sequence, 20);
  block.writeBigUInt64LE(BigInt(number * INDEX), 24);
  block.writeBigUInt64LE(BigInt(INDEX), 32);
  block.writeBigUInt64LE(BigInt((1 - number) * INDEX), 40);
  block.writeBigUInt64LE(BigInt(2 * INDEX), 48);
  block.writeUInt32LE(SLOTS, 56);
  block.writeUInt16LE(1, 60);
  block.writeUInt16LE(1, 62);
  // a bit for each free slot
  block.fill(0xff, 72, 72 + Math.floor(SLOTS / 8));
  block.writeUInt8((1 << (SLOTS % 8)) - 1, 72 + Math.floor(SLOTS / 8));
  block.writeBigUInt64LE(fletcher64(block), 64);
  return block;
}

/** Both index blocks; the slots behind them are zero. */
export const labelIndex = (): Buffer => Buffer.concat([indexBlock(0, 3), indexBlock(1, 2)]);
