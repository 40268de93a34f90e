import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash } from '../../check/entry.ts';

/** How far files are looked for: folders below this one, and files and folders in all. */
const DEEPEST = 6;
const MOST = 50_000;
/** No scenario is larger. */
const LARGEST = 2 ** 20;
const SKIPPED = new Set(['node_modules', 'dist']);

/** A scenario file below this folder whose text has this hash, the nearest first. */
export function scenarioByHash(hash: string): { readonly file: string; readonly text: string } | undefined {
  let folders = ['.'];
  let seen = 0;
  for (let depth = 0; depth <= DEEPEST && folders.length > 0; depth++) {
    const below: string[] = [];
    for (const folder of folders) {
      for (const one of entriesOf(folder)) {
        if (++seen > MOST) return undefined;
        const path = join(folder, one.name);
        if (one.isDirectory() && !one.name.startsWith('.') && !SKIPPED.has(one.name)) below.push(path);
        if (!one.isFile() || !/\.ya?ml$/.test(one.name)) continue;
        const text = textOf(path);
        if (text !== undefined && contentHash(text) === hash) return { file: path, text };
      }
    }
    folders = below;
  }
  return undefined;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // a folder that this user cannot read
  }
}

function textOf(path: string): string | undefined {
  try {
    return statSync(path).size <= LARGEST ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
