import { BUS_OF, type Driver } from '../../../src/kernel/drivers/base/bus.ts';
import { bus_devices } from '../../../src/kernel/fs/nd_sysfs.ts';
import { FAIL_SITES } from '../../../src/scenarios/steps/machine/fail.ts';
import type { Draws, Here } from '../here.ts';

/** Files of sysfs, failing allocations, the state of the system. */

const MEMORY = '/sys/devices/system/memory';
const PARAMETERS = '/sys/module/memory_hotplug/parameters';
const VETO = '/sys/kernel/debug/notifier-error-inject/memory/actions';

const DRIVERS = Object.keys(BUS_OF) as Driver[];

const STATES = ['online', 'online_kernel', 'online_movable', 'offline', 'bogus', '', 'online\n'] as const;

interface Written {
  readonly path: string;
  readonly value: string;
}

/** Files and what is written to them. */
const WRITES: readonly ((here: Here) => Written | null)[] = [
  binding,
  instance,
  (here) => ({ path: `${MEMORY}/auto_online_blocks`, value: here.pick(STATES) }),
  (here) => ({
    path: `${VETO}/MEM_GOING_${here.pick(['ONLINE', 'OFFLINE'])}/error`,
    value: here.pick(['0', '0', '-12', '-16', '-1', '5']),
  }),
  (here) => {
    const id = here.any(here.blockIds('any'));
    return id === null ? null : { path: `${MEMORY}/memory${id}/state`, value: here.pick(STATES) };
  },
  (here) => {
    const id = here.any(here.blockIds('any'));
    return id === null
      ? null
      : { path: `${MEMORY}/memory${id}/online`, value: here.pick(['0', '1', '2', 'x']) };
  },
  (here) => {
    const id = here.any(here.blockIds('any'));
    const name = here.pick(['removable', 'phys_index', 'valid_zones']);
    return id === null ? null : { path: `${MEMORY}/memory${id}/${name}`, value: '1' };
  },
  (here) => {
    const name = here.any(here.c.parameters);
    if (name === null) return null;
    const values = ['0', '1', '100', '301', 'Y', 'n', 'contig-zones', 'auto-movable', '-1'];
    return { path: `${PARAMETERS}/${name}`, value: here.pick(values) };
  },
  (here) => {
    const region = here.any([...here.state.nd_region.keys()]);
    const value = here.pick(['0x1000000', '0x200000', '0x1000', '0', 'x']);
    return region === null ? null : { path: `/sys/bus/nd/devices/region${region}/align`, value };
  },
  (here) => {
    const orders = here.c.huge_page_orders.map((order) => (2 ** order * here.c.PAGE_SIZE) / 1024);
    const path = `/sys/kernel/mm/hugepages/hugepages-${here.pick(orders)}kB/nr_hugepages`;
    return { path, value: here.pick(['0', '3', '-1', '1.5', '0x10', 'many']) };
  },
];

/** Files that a step may read. */
function files(here: Here): string[] {
  const id = here.any(here.blockIds('any'));
  const nid = here.pick([0, 1, 2]);
  return [
    '/proc/iomem',
    '/proc/zoneinfo',
    '/sys/kernel/debug/memblock/memory',
    `${MEMORY}/auto_online_blocks`,
    `/sys/devices/system/node/node${nid}/cpulist`,
    ...(id === null
      ? []
      : ['state', 'valid_zones', 'removable'].map((name) => `${MEMORY}/memory${id}/${name}`)),
  ];
}

/** A device is bound, unbound, or made known to a driver: mostly one of the driver's bus. */
function binding(here: Here): Written | null {
  const driver = here.pick(DRIVERS);
  const bus = BUS_OF[driver];
  const names = bus_devices(here.state, here.once(8) ? 'nd' : bus);
  const file = here.pick(bus === 'dax' ? ['bind', 'unbind', 'new_id', 'remove_id'] : ['bind', 'unbind']);
  return names.length ? { path: `/sys/bus/${bus}/drivers/${driver}/${file}`, value: here.pick(names) } : null;
}

/** What an instance is to become before it is claimed. */
function instance(here: Here): Written | null {
  const names = bus_devices(here.state, 'nd').filter((name) => /^(pfn|dax|btt|namespace)/.test(name));
  const name = here.any(names);
  if (name === null) return null;
  const [file, values] = here.pick([
    ['mode', ['ram', 'pmem', 'none', 'x']],
    ['align', ['4096', '2097152', '1073741824', '0']],
    ['namespace', ['namespace0.0', 'namespace1.0', '']],
    ['force_raw', ['0', '1']],
  ] as const);
  const path = `/sys/bus/nd/devices/${name}/${file}`;
  return here.session.read(path) === null ? null : { path, value: here.pick<string>(values) };
}

export const machineSteps = {
  write: { weight: 8, draw: (here) => here.pick(WRITES)(here) },
  /** The file as it is: reading it changes nothing. */
  expect: {
    weight: 2,
    draw(here) {
      const path = here.pick(files(here));
      const entry = here.session.read(path);
      if (entry !== null && entry.kind !== 'file') return null;
      return { path, text: entry === null ? null : entry.text };
    },
  },
  fail: {
    weight: 4,
    draw: (here) => ({
      site: here.pick(FAIL_SITES),
      ...(here.once(3) ? { times: here.between(1, 3) } : {}),
      ...(here.once(2) ? { after: here.pick([1, 2, 3, 7, 20]) } : {}),
    }),
  },
  /** The system boots only once. */
  system_state: {
    weight: 1,
    draw(here) {
      if (here.state.vars.get(0)!.system_state !== 'running') return { state: 'running' };
      return here.done('system_state').length || !here.once(3) ? null : { state: 'booting' };
    },
  },
} satisfies Draws;
