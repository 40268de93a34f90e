import type { Draws, Here, Range } from '../here.ts';

/** NVDIMM regions and the tools that divide them. */

const M = 2 ** 20;

/** Where the firmware may describe a region: nothing else is there. */
function room(here: Here): Range | null {
  const blocks = here.freeBlocks(4);
  const unit = here.pick([16 * M, 64 * M, 2 * M]);
  const range = here.once(2) ? blocks : here.part(blocks, unit);
  return here.isFree(range) ? range : null;
}

const sizeText = (bytes: number): string => (bytes % M ? String(bytes) : `${bytes / M}M`);

function createNamespace(here: Here): string {
  const [region, { size }] = here.pick([...here.state.nd_region]);
  const words = [
    'create-namespace',
    `-r region${region}`,
    `-m ${here.pick(['fsdax', 'fsdax', 'devdax', 'devdax', 'devdax', 'raw', 'sector'])}`,
    `-M ${here.pick(['mem', 'dev'])}`,
  ];
  if (here.once(2))
    words.push(`-s ${sizeText(here.part({ start: 0, size }, here.pick([2 * M, 16 * M])).size)}`);
  if (here.once(4)) words.push(`-a ${here.pick(['4K', '2M', '1G'])}`);
  if (here.once(3)) words.push('-f');
  return words.join(' ');
}

const NAMESPACE_COMMANDS = ['destroy-namespace', 'disable-namespace', 'enable-namespace'] as const;
const REGION_COMMANDS = ['disable-region', 'enable-region'] as const;

export const nvdimmSteps = {
  nvdimm: {
    weight: 5,
    draw(here) {
      const region = here.prng.below(3);
      const { nd_region, cxl_region, hmem } = here.state;
      // one series of numbers
      const range = [nd_region, cxl_region, hmem].some((taken) => taken.has(region)) ? null : room(here);
      if (range === null) return null;
      return { region, ...range, node: here.possibleNode(), labels: !here.once(3), carved: here.once(5) };
    },
  },
  nvdimm_move: {
    weight: 1,
    draw(here) {
      const found = here.any([...here.state.nd_region]);
      const range = found && room(here);
      if (range === null || found === null) return null;
      const { size } = found[1];
      return here.isFree({ start: range.start, size }) ? { region: found[0], start: range.start } : null;
    },
  },
  ndctl: {
    weight: 12,
    draw(here) {
      const { nd_region, nd_namespace } = here.state;
      if (nd_region.size === 0) return null;
      if (here.once(2)) return { run: createNamespace(here) };
      const ns = here.any([...nd_namespace.values()].filter(({ size }) => size > 0));
      if (ns !== null && !here.once(4)) {
        const command = here.pick(NAMESPACE_COMMANDS);
        const force = command === 'destroy-namespace' && here.once(2) ? '-f ' : '';
        const name = here.once(8) ? 'all' : `namespace${ns.region}.${ns.id}`;
        return { run: `${command} ${force}${name}` };
      }
      const [key, { nmem }] = here.pick([...nd_region]);
      if (here.once(6)) return { run: `init-labels -f nmem${nmem}` };
      return { run: `${here.pick(REGION_COMMANDS)} region${key}` };
    },
  },
  daxctl: {
    weight: 20,
    draw(here) {
      const dax = here.any([...here.state.dev_dax.values()]);
      if (dax === null) return null;
      const command = here.pick([
        'reconfigure-device -m system-ram',
        'reconfigure-device -m system-ram -N',
        'reconfigure-device -m system-ram -f',
        'reconfigure-device -m devdax',
        'reconfigure-device -m devdax -f',
        'disable-device',
        'offline-memory',
        'online-memory',
      ]);
      return { run: `${command} ${dax.name}` };
    },
  },
} satisfies Draws;
