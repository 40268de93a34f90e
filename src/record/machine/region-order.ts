/**
 * The order in which QEMU describes NVDIMMs to the firmware, and a kernel numbers their regions: that of its table of
 * devices, whose places follow from their ids (GLib's g_str_hash() and GHashTable).
 */

/** Primes below 2^3, 2^4, …: glib/ghash.c. */
const PRIMES = [7, 13, 31, 61, 127, 251, 509, 1021];

function placeOf(id: string, prime: number): number {
  let hash = 5381;
  for (const byte of Buffer.from(id)) hash = (Math.imul(hash, 33) + byte) >>> 0;
  return (Math.imul(hash, 11) >>> 0) % prime;
}

/** What the order depends on: the id, the number of its region, whether QEMU starts with it. */
interface Ordered {
  readonly id: string;
  readonly region?: number | undefined;
  readonly cold: boolean;
}

const SUFFIXES = ['', ...'abcdefghijklmnopqrstuvwxyz'];

/** The devices, of which those that are regions have ids in the order of their numbers, as far as there are such ids. */
export function inRegionOrder<Device extends Ordered>(devices: readonly Device[]): Device[] {
  const regions = devices.filter(({ region }) => region !== undefined).sort((a, b) => a.region! - b.region!);
  const cold = devices.filter((one) => one.cold);
  const prime = PRIMES.find((_, i) => cold.length < 2 ** (i + 3)) ?? PRIMES.at(-1)!;
  const places = regions.map(({ id }) => placeOf(id, prime));
  if (places.every((place, i) => i === 0 || place > places[i - 1]!)) return [...devices];
  const taken = new Set(cold.filter((one) => one.region === undefined).map(({ id }) => placeOf(id, prime)));
  const ids = new Map<Device, string>();
  let last = -1;
  for (const device of regions) {
    const free = SUFFIXES.map((suffix) => `${device.id}${suffix}`)
      .map((id) => ({ id, place: placeOf(id, prime) }))
      .filter(({ place }) => place > last && !taken.has(place))
      .sort((a, b) => a.place - b.place);
    const [first] = free;
    if (first === undefined) break;
    last = first.place;
    ids.set(device, first.id);
  }
  return devices.map((device) => ({ ...device, id: ids.get(device) ?? device.id }));
}
