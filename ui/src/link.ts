import { deflateSync, inflateSync } from 'fflate';

/** The state of every view is in the link, behind the #. Whatever a link says is checked: it may come from anywhere. */

export const VIEWS = ['story', 'machine', 'catalogue', 'editor', 'explorer'] as const;
export type View = (typeof VIEWS)[number];

/** By name; all values are short texts. */
export type Fields = Readonly<Record<string, string>>;

export interface Place {
  readonly view: View;
  readonly fields: Fields;
  /** What of the link is left out, as a line for the person; absent if all of it is there. */
  readonly lost?: string;
}

const NAME = /^[a-z]{1,12}$/;
const MOST_FIELDS = 20;
/** A scenario or design in a link is at most so long, packed. */
const MOST_FIELD = 60_000;

/** The place that a link names; what cannot be read of it is left out, and named. */
export function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const view = VIEWS.find((one) => one === path);
  const fields: Record<string, string> = {};
  const lost = view || path === '' ? [] : [`${JSON.stringify(path.slice(0, 40))} is no view`];
  for (const [i, [name, value]] of [...new URLSearchParams(query)].entries()) {
    if (i >= MOST_FIELDS || !NAME.test(name)) lost.push(`${JSON.stringify(name.slice(0, 40))} is no field`);
    else if (value.length > MOST_FIELD)
      lost.push(`${name} has ${value.length} characters, more than ${MOST_FIELD}`);
    else fields[name] = value;
  }
  return { view: view ?? 'story', fields, ...(lost.length > 0 && { lost: `The link: ${lost[0]}.` }) };
}

/** The fields after a change, as a link would bring them: an empty text leaves a field out. */
export const changed = (fields: Fields, changes: Fields): Fields =>
  Object.fromEntries(Object.entries({ ...fields, ...changes }).filter(([, value]) => value !== ''));

export const hashOf = ({ view, fields }: Place): string => {
  const query = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== '')).toString();
  return `#/${view}${query ? `?${query}` : ''}`;
};

/** A whole number of a field within bounds; undefined for anything else. */
export function numberIn(text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

/** A text for a link. */
export function packed(text: string): string {
  const bytes = deflateSync(new TextEncoder().encode(text), { level: 9 });
  let chars = '';
  for (const byte of bytes) chars += String.fromCharCode(byte);
  return btoa(chars).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

const MOST_TEXT = 1_000_000;

/** A text out of a link; null if it is damaged or too long. */
export function unpacked(field: string): string | null {
  try {
    const bytes = Uint8Array.from(atob(field.replaceAll('-', '+').replaceAll('_', '/')), (c) =>
      c.charCodeAt(0),
    );
    // a few bytes can unpack to gigabytes: what does not fit into this is cut off, and refused below
    const out = inflateSync(bytes, { out: new Uint8Array(MOST_TEXT) });
    if (out.length >= MOST_TEXT) return null;
    return new TextDecoder('utf-8', { fatal: true }).decode(out);
  } catch {
    return null;
  }
}
