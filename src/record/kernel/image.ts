import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { InputError } from '../../errors/input-error.ts';
import { codeOf, reason } from '../../errors/system-error.ts';
import type { Arch } from '../../geometry/sizes.ts';
import type { GuestKernel } from './guest-kernel.ts';

/**
 * What a kernel image says of itself: Documentation/arch/x86/boot.rst, Documentation/arch/arm64/booting.rst, and
 * drivers/firmware/efi/libstub/zboot-header.S for an image that unpacks itself.
 */
export interface Image {
  readonly format: GuestKernel['format'];
  readonly arch: Arch;
  readonly page_size: number | null;
  readonly release: string | null;
  /** IKCONFIG of an image that is not packed. */
  readonly config: string | null;
  /** The image without its packing; undefined if the file can be loaded as it is. */
  readonly unpacked?: Buffer;
}

const ELF_MACHINES: Readonly<Record<number, Arch>> = { 62: 'x86_64', 183: 'arm64' };
const ARM64_PAGES = [null, 4096, 16_384, 65_536] as const;

const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;
const textAt = (bytes: Buffer, at: number, text: string): boolean =>
  bytes.toString('latin1', at, at + text.length) === text;

function releaseIn(bytes: Buffer): string | null {
  const at = bytes.indexOf('Linux version ');
  return at < 0 ? null : (/^Linux version (\S+)/.exec(bytes.toString('latin1', at, at + 200))?.[1] ?? null);
}

function configIn(bytes: Buffer): string | null {
  const at = bytes.indexOf('IKCFG_ST');
  const end = bytes.indexOf('IKCFG_ED', at);
  if (at < 0 || end < 0) return null;
  try {
    return gunzipSync(bytes.subarray(at + 8, end)).toString();
  } catch {
    return null;
  }
}

/** @throws InputError if the bytes are no image that can be booted here */
export function readImage(bytes: Buffer, source: string): Image {
  const wrong = (what: string): InputError => new InputError(source, '', what);
  if (isGzip(bytes)) return unpacked(bytes, source);
  if (textAt(bytes, 0, 'MZ') && textAt(bytes, 4, 'zimg')) {
    const [start, size] = [bytes.readUInt32LE(8), bytes.readUInt32LE(12)];
    const packing = bytes.toString('latin1', 24, 56).replace(/\0.*/s, '');
    if (packing !== 'gzip') throw wrong(`is packed with ${packing}, which QEMU cannot load: give the Image`);
    return unpacked(bytes.subarray(start, start + size), source);
  }
  if (bytes.length > 0x40 && textAt(bytes, 0x38, 'ARM\x64')) {
    const pages = ARM64_PAGES[(Number(bytes.readBigUInt64LE(24)) >> 1) & 3] ?? null;
    return {
      format: 'Image',
      arch: 'arm64',
      page_size: pages,
      release: releaseIn(bytes),
      config: configIn(bytes),
    };
  }
  if (textAt(bytes, 0x202, 'HdrS')) {
    const at = bytes.readUInt16LE(0x20e) + 0x200;
    const version = bytes.toString('latin1', at, at + 200).replace(/\0.*/s, '');
    const release = /^\d+\.\S+/.exec(version)?.[0] ?? null;
    return { format: 'bzImage', arch: 'x86_64', page_size: 4096, release, config: null };
  }
  if (textAt(bytes, 0, '\x7fELF')) {
    const arch = ELF_MACHINES[bytes.readUInt16LE(18)];
    if (arch === undefined) throw wrong('is for another architecture: only x86-64 and arm64 can be recorded');
    if (arch === 'arm64') throw wrong('is an arm64 vmlinux, which QEMU cannot boot: give the Image');
    return {
      format: 'vmlinux',
      arch,
      page_size: 4096,
      release: releaseIn(bytes),
      config: configIn(bytes),
    };
  }
  throw wrong('is no kernel image: neither bzImage, vmlinux nor Image, plain or packed with gzip');
}

function unpacked(packed: Buffer, source: string): Image {
  let bytes: Buffer;
  try {
    bytes = gunzipSync(packed);
  } catch (error) {
    throw new InputError(source, '', `cannot be unpacked: ${(error as Error).message}`);
  }
  return { ...readImage(bytes, source), unpacked: bytes };
}

/**
 * Reads an image file; an image that had to be unpacked is written into `dir`, and its path there is returned.
 * @throws InputError if the file cannot be read or is no image
 */
export function openImage(path: string, dir: string): Omit<Image, 'unpacked'> & { readonly path: string } {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    throw new InputError(path, '', reason(code));
  }
  const { unpacked: plain, ...image } = readImage(bytes, path);
  if (plain === undefined) return { ...image, path };
  const own = join(dir, 'Image');
  writeFileSync(own, plain);
  return { ...image, path: own };
}
