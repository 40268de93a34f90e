import { readFileSync } from 'node:fs';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { type Bundle, parseBundle } from '../../source/bundle.ts';
import { BadBundle } from '../../source/stop.ts';
import { checkInput, onFile, saveWhole } from '../files/output.ts';

/** Bundles as files: their JSON, compressed. */

export function saveBundle(path: string, bundle: Bundle): void {
  const json = Buffer.from(JSON.stringify(bundle));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 5,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: json.length,
  };
  saveWhole(path, brotliCompressSync(json, { params }));
}

/** @throws InputError or BadBundle for a file that cannot be read or is no bundle */
export function loadBundle(path: string): Bundle {
  checkInput(path);
  const data = onFile(path, () => readFileSync(path));
  let json: string;
  try {
    json = brotliDecompressSync(data).toString();
  } catch {
    throw new BadBundle(`${path}: not a bundle of mhp ir`);
  }
  return parseBundle(json, path);
}
