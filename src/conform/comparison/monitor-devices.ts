import { z } from 'zod';
import type { State } from '../../kernel/state.ts';
import type { FileTree } from '../../machines/sources/tree.ts';
import type { Tally } from '../tally.ts';
import { parseJson } from './json.ts';

/** Compares the memory devices that the machine monitor lists (query-memory-devices) with those of the model. */

const bytes = z.int().min(0);
const dimm = z.object({
  type: z.literal('dimm'),
  data: z.object({ addr: bytes, size: bytes, node: z.int(), hotplugged: z.boolean() }),
});
const virtioMem = z.object({
  type: z.literal('virtio-mem'),
  data: z.object({
    memaddr: bytes,
    size: bytes,
    'requested-size': bytes,
    'max-size': bytes,
    'block-size': bytes,
    node: z.int(),
  }),
});
const other = z.object({ type: z.string() });
const devices = z.array(z.union([dimm, virtioMem, other]));
const onArm64 = z.object({ memory_devices: devices });

const X86 = 'qmp-query-memory-devices.json';
const ARM64 = 'qmp.json';

const hex = (n: number): string => `0x${n.toString(16)}`;

export function compareMonitorDevices(tally: Tally, tree: FileTree, state: State): void {
  const name = tree.kind(X86) === 'file' ? X86 : ARM64;
  const json = tree.readText(name);
  if (json === undefined) return;
  const value = parseJson(json);
  const list = name === X86 ? devices.safeParse(value).data : onArm64.safeParse(value).data?.memory_devices;
  if (list === undefined) {
    tally.notCompared.add(`${name}: is no list of memory devices that is known here`);
    return;
  }
  const recorded: string[] = [];
  for (const device of list) {
    if ('data' in device && device.type === 'dimm') {
      const { addr, size, node, hotplugged } = device.data;
      if (hotplugged) recorded.push(`${hex(addr)} +${hex(size)} node ${node}`);
      else tally.notCompared.add(`${name}: a DIMM that was there before boot`);
    } else if ('data' in device && device.type === 'virtio-mem')
      compareVirtioMem(tally, name, device.data, state);
    else tally.notCompared.add(`${name}: devices of type ${device.type.slice(0, 40)}`);
  }
  const model = [...state.acpi_device.values()].map(
    ({ start, length, node }) => `${hex(start)} +${hex(length)} node ${node}`,
  );
  tally.check('devices', `${name}: DIMMs`, recorded.sort().join('; '), model.sort().join('; '));
}

function compareVirtioMem(
  tally: Tally,
  name: string,
  recorded: z.infer<typeof virtioMem>['data'],
  state: State,
): void {
  const own = [...state.virtio_mem.values()].find(({ addr }) => addr === recorded.memaddr);
  if (!own) {
    tally.notCompared.add(`${name}: a virtio-mem device that no driver has been bound to`);
    return;
  }
  const text = (max: number, requested: number, plugged: number, block: number, node: number): string =>
    `+${hex(max)} node ${node} by ${hex(block)}: ${plugged} of ${requested} plugged`;
  tally.check(
    'devices',
    `${name}: virtio-mem ${hex(recorded.memaddr)}`,
    text(
      recorded['max-size'],
      recorded['requested-size'],
      recorded.size,
      recorded['block-size'],
      recorded.node,
    ),
    text(own.region_size, own.requested_size, own.plugged_size, own.device_block_size, own.nid),
  );
}
