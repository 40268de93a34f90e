import { InputError, quote } from '../../errors/input-error.ts';
import type { ZoneInfo } from '../machine.ts';

const PLACE = 'proc/zoneinfo';
const HEAD = /^Node +(\d{1,4}), zone +(\S{1,32})$/;
const FIELD = /^ {2,12}(pages free|free|high|spanned|present|managed|cma) +(\d{1,16})$/;
const START = /^ {2}start_pfn: +(\d{1,16})$/;
/** The number of pages below 2^52 bytes with the smallest page size. */
const MAX_PFN = 2 ** 40;

interface Draft {
  readonly line: number;
  readonly nid: number;
  readonly name: string;
  readonly fields: Map<string, number>;
  /** Per-CPU page sets follow the zone's own fields and have a "high" too. */
  inSets: boolean;
}

/**
 * Parses /proc/zoneinfo: one paragraph per zone of each online node. Sizes are in pages. An unpopulated zone has no
 * start_pfn line, and gets 0.
 *
 * @throws InputError for a zone that occurs twice, lacks a field, or spans past 2^40 pages
 */
export function parseZoneinfo(text: string, file: string): ZoneInfo[] {
  const drafts: Draft[] = [];
  let draft: Draft | undefined;
  for (const [i, line] of text.split('\n').entries()) {
    const wrong = (what: string): InputError => new InputError(file, `${PLACE} line ${i + 1}`, what);
    if (line.startsWith('Node ')) {
      const head = HEAD.exec(line);
      if (head === null) throw wrong(`${quote(line)} is not "Node N, zone NAME"`);
      draft = { line: i + 1, nid: Number(head[1]), name: head[2]!, fields: new Map(), inSets: false };
      if (drafts.some(({ nid, name }) => nid === draft!.nid && name === draft!.name)) {
        throw wrong(`zone ${draft.name} of node ${draft.nid} appears twice`);
      }
      drafts.push(draft);
      continue;
    }
    if (line.trim() === 'pagesets' && draft !== undefined) draft.inSets = true;
    const field = START.exec(line) ?? (draft?.inSets ? null : FIELD.exec(line));
    if (field === null) {
      if (/^ *(start_pfn|spanned|present|managed)\b/.test(line)) throw wrong(`${quote(line)} has no number`);
      if (line !== '' && !line.startsWith(' ')) throw wrong(`${quote(line)} is not a line of zoneinfo`);
      continue;
    }
    if (draft === undefined) throw wrong(`${quote(line)} appears before the first zone`);
    const name = field.length === 2 ? 'start_pfn' : field[1]! === 'pages free' ? 'free' : field[1]!;
    const value = Number(field[field.length - 1]);
    if (value > MAX_PFN) throw wrong(`${quote(line)} is more than 2^40 pages`);
    if (draft.fields.has(name)) throw wrong(`${quote(line)} appears twice in its zone`);
    draft.fields.set(name, value);
  }
  return drafts.map((zone) => zoneOf(zone, file));
}

function zoneOf({ line, nid, name, fields }: Draft, file: string): ZoneInfo {
  const wrong = (what: string): InputError => new InputError(file, `${PLACE} line ${line}`, what);
  const get = (field: string): number => {
    const value = fields.get(field);
    if (value === undefined) throw wrong(`zone ${name} of node ${nid} has no "${field}"`);
    return value;
  };
  const spanned = get('spanned');
  const present = get('present');
  const managed = get('managed');
  if (present > spanned) throw wrong(`zone ${name} of node ${nid} has more pages present than spanned`);
  const start = present > 0 ? get('start_pfn') : (fields.get('start_pfn') ?? 0);
  if (start + spanned > MAX_PFN) throw wrong(`zone ${name} of node ${nid} ends past 2^40 pages`);
  const cma = fields.get('cma');
  const high = fields.get('high');
  return {
    nid,
    name,
    start_pfn: start,
    spanned,
    present,
    managed,
    free: get('free'),
    ...(cma === undefined ? {} : { cma }),
    ...(high === undefined ? {} : { high }),
  };
}
