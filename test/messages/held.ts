import { existsSync, readFileSync } from 'node:fs';
import type { Counts } from './hold.ts';

export const heldPath = new URL('held.json', import.meta.url);

/** The source trees that the messages were held against, by release. */
export const held: Readonly<Record<string, Counts>> = existsSync(heldPath)
  ? (JSON.parse(readFileSync(heldPath, 'utf8')) as Record<string, Counts>)
  : {};
