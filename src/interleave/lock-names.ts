import { type State, zone_idx, zone_to_nid } from '../kernel/state.ts';
import { zone_name } from '../kernel/value_names.ts';

/** `ZONE_MOVABLE`, of a node if there are several. */
export function zoneText(state: State, key: number): string {
  const zone = `ZONE_${zone_name(state, key)?.toUpperCase() ?? zone_idx(key)}`;
  return state.pgdat.size > 1 || !state.zone.has(key) ? `node${zone_to_nid(key)} ${zone}` : zone;
}

const ZONE_LOCK = /\bzone->(span_seqlock|lock) (\d+)\b/g;
const NODE_LOCK = /\bpgdat->(node_size_lock) (\d+)\b/g;
const DEVICE_LOCK = /\bdevice_lock (memory\d+)\b/g;

/** A text in which locks are named as the source names them: `ZONE_MOVABLE->lock`, `memory32->dev.mutex`. */
export const withLockNames = (state: State, text: string): string =>
  text
    .replace(ZONE_LOCK, (_, lock: string, key: string) => `${zoneText(state, Number(key))}->${lock}`)
    .replace(NODE_LOCK, (_, lock: string, nid: string) => `NODE_DATA(${nid})->${lock}`)
    .replace(DEVICE_LOCK, (_, block: string) => `${block}->dev.mutex`);
