import type { Int64 } from '../../ir/read/values.ts';
import { R, W } from '../../kernel/ops.ts';
import { zone_key, zone_to_nid } from '../../kernel/state.ts';
import type { Steps } from '../../steps/step.ts';
import type { Place } from '../addresses.ts';
import { numberOf, wordOf, ZERO } from '../values.ts';
import type { Site } from './site.ts';

/** struct zone and struct pglist_data, as the model keeps them: by member, a zone by node and index. */

type PlaceOf<K extends Place['kind']> = Extract<Place, { readonly kind: K }>;

/** A member of either: what reading and writing it does. Each may be absent. */
interface Member {
  readonly read?: (site: Site, key: number) => Steps<Int64>;
  readonly write?: (site: Site, key: number, value: Int64) => Steps<void>;
}

const ofZone = (field: 'zone_start_pfn' | 'spanned_pages' | 'span_seq'): Member => ({
  *read(_, zone) {
    return wordOf(yield* R('zone', zone, field));
  },
  *write(_, zone, value) {
    yield* W('zone', zone, field, numberOf(value));
  },
});

/** Read only. */
const given = (value: (site: Site, key: number) => Int64): Member => ({
  *read(site, key) {
    return value(site, key);
  },
});

/** By the path of the member in struct zone. */
const ZONE: Readonly<Record<string, Member>> = {
  zone_start_pfn: ofZone('zone_start_pfn'),
  spanned_pages: ofZone('spanned_pages'),
  present_pages: {
    *read(_, zone) {
      return wordOf(yield* R('zone', zone, 'present_pages'));
    },
  },
  zone_pgdat: given(({ addresses }, zone) => addresses.ofNode(zone_to_nid(zone))),
  node: given((_, zone) => wordOf(zone_to_nid(zone))),
  // a hint to the page allocator, without which it looks at the struct pages: the model does not have it
  contiguous: { *write() {} },
  // until v5.13; later writers of a span take no lock
  'span_seqlock.seqcount.seqcount.sequence': ofZone('span_seq'),
};

const ofNode = (field: 'node_start_pfn' | 'node_spanned_pages'): Member => ({
  *read(_, nid) {
    return wordOf(yield* R('pgdat', nid, field));
  },
  *write(_, nid, value) {
    yield* W('pgdat', nid, field, numberOf(value));
  },
});

/** By the path of the member in struct pglist_data. */
const NODE: Readonly<Record<string, Member>> = {
  node_start_pfn: ofNode('node_start_pfn'),
  node_spanned_pages: ofNode('node_spanned_pages'),
  node_id: given((_, nid) => wordOf(nid)),
};

function memberAt(
  { program }: Site,
  struct: string,
  members: Readonly<Record<string, Member>>,
  offset: number,
  size: number,
): Member | undefined {
  for (const [path, member] of Object.entries(members)) {
    const place = program.memberIfAny(struct, path);
    if (place?.offset === offset && place.size === size) return member;
  }
  return undefined;
}

/** The zone at a place, by its key; a zone that the model does not have ends the run. */
function keyOf(site: Site, { nid, index }: PlaceOf<'zone'>): number {
  const found = site.addresses.zoneIndexes.indexOf(index);
  return found < 0 ? site.stop(`zone ${index} of node ${nid}`) : zone_key(nid, found);
}

/** Members of a zone with which the bundle was built and the machine's kernel was not: it is empty. */
const EMPTY: Readonly<Record<string, Member>> = {
  zone_start_pfn: given(() => ZERO),
  spanned_pages: given(() => ZERO),
  present_pages: given(() => ZERO),
};

export function* readZone(site: Site, place: PlaceOf<'zone'>, size: number): Steps<Int64> {
  if (!site.addresses.zoneIndexes.includes(place.index)) {
    const empty = memberAt(site, 'zone', EMPTY, place.offset, size);
    if (empty?.read) return yield* empty.read(site, 0);
  }
  const member = memberAt(site, 'zone', ZONE, place.offset, size);
  if (!member?.read) return site.stop(`a read of byte ${place.offset} of a struct zone`);
  return yield* member.read(site, keyOf(site, place));
}

export function* writeZone(site: Site, place: PlaceOf<'zone'>, size: number, value: Int64): Steps<void> {
  const member = memberAt(site, 'zone', ZONE, place.offset, size);
  if (!member?.write) return site.stop(`a write of byte ${place.offset} of a struct zone`);
  yield* member.write(site, keyOf(site, place), value);
}

export function* readNode(site: Site, { nid, offset }: PlaceOf<'node'>, size: number): Steps<Int64> {
  const member = memberAt(site, 'pglist_data', NODE, offset, size);
  if (!member?.read) return site.stop(`a read of byte ${offset} of a struct pglist_data`);
  return yield* member.read(site, nid);
}

export function* writeNode(
  site: Site,
  { nid, offset }: PlaceOf<'node'>,
  size: number,
  value: Int64,
): Steps<void> {
  const member = memberAt(site, 'pglist_data', NODE, offset, size);
  if (!member?.write) return site.stop(`a write of byte ${offset} of a struct pglist_data`);
  yield* member.write(site, nid, value);
}

/** The zone at a pointer. */
export function zoneAt(site: Site, at: Int64): number {
  const place = site.place(at);
  return place.kind === 'zone' && place.offset === 0
    ? keyOf(site, place)
    : site.stop('a pointer to what is no zone');
}

/** The name of the lock in a zone or a node, if there is one. */
export function lockOfZone(site: Site, place: Place): string | undefined {
  const { program } = site;
  if (place.kind === 'zone' && place.offset === program.memberIfAny('zone', 'span_seqlock.lock')?.offset)
    return `zone->span_seqlock ${keyOf(site, place)}`;
  if (place.kind === 'node' && place.offset === program.memberIfAny('pglist_data', 'node_size_lock')?.offset)
    return `pgdat->node_size_lock ${place.nid}`;
  return undefined;
}

/** The bits of a struct page's flags that say its node and zone (include/linux/page-flags-layout.h). */
export function nodeAndZone({ program, addresses }: Site, nid: number, zone: number): Int64 {
  const nodes = Number(program.bundle.config.NODES_SHIFT ?? 0);
  const zones = Math.ceil(Math.log2(program.enumerator('__MAX_NR_ZONES')));
  const of =
    BigInt(nid) * 2n ** BigInt(64 - nodes) +
    BigInt(addresses.zoneIndexes[zone]!) * 2n ** BigInt(64 - nodes - zones);
  return { lo: Number(BigInt.asIntN(32, of)), hi: Number(BigInt.asIntN(32, of >> 32n)) };
}
