import { z } from 'zod';
import { boot } from '../../../boot/boot.ts';
import { BadOperation } from '../../../errors/bad-operation.ts';
import type { nd_region } from '../../../kernel/state.ts';
import { findRelease } from '../../../releases/index.ts';
import type { Steps } from '../../../steps/step.ts';
import { ndctl } from '../../nvdimm/ndctl.ts';
import { none, runTool } from '../../nvdimm/tool.ts';
import type { Result } from '../../running/result.ts';
import { Session } from '../../running/session.ts';
import { insertResource } from '../common/iomem.ts';
import { stepKind } from '../common/kind.ts';
import { lacksDeviceMemory } from '../common/lacks.ts';
import {
  bytes,
  deviceNumber,
  hex,
  nid,
  range,
  rangeOf,
  rangeText,
  result,
  size,
  text,
} from '../common/values.ts';

const LEGACY = 'Persistent Memory (legacy)';

/** A region of an NVDIMM as the firmware describes it, before any namespace. Bytes. */
export interface NvdimmRegion {
  readonly region: number;
  readonly start: number;
  readonly size: number;
  readonly node: number;
  /** Whether its label area is initialised, so that it can be divided. */
  readonly labels: boolean;
  /** Whether it is carved out of RAM (memmap=nn!ss): no labels, and struct pages for a raw namespace. */
  readonly carved: boolean;
}

export function describeRegion(
  session: Session,
  { region, start, size, node, labels, carved }: NvdimmRegion,
  media: nd_region['media'] = [],
): Result {
  const { state, kernel } = session;
  if (state.nd_region.has(region)) throw new BadOperation(`region${region} is there already`);
  // memregion_alloc() numbers all three, and a dax device is called after the number
  const other = state.hmem.has(region) ? `hmem.${region}` : `CXL region${region}`;
  if (state.hmem.has(region) || state.cxl_region.has(region))
    throw new BadOperation(`region${region}: the number is that of ${other}`);
  if (!state.pgdat.has(node)) throw new BadOperation(`there is no node ${node}`);
  if (size === 0) throw new BadOperation(`region${region} has no size`);
  insertResource(state, start, size, carved ? LEGACY : 'Persistent Memory');
  function* appear(): Steps<number> {
    yield* kernel.nvdimm_pmem_region_create(region, {
      start,
      size,
      nid: yield* kernel.numa_map_to_online_node(node),
      target_node: node,
      enabled: false,
      nmem: region,
      pagemap: carved,
      label_area: labels && !carved,
      labels: labels && !carved ? [] : null,
      media,
      ns_seed: -1,
      btt_seed: -1,
      pfn_seed: -1,
      dax_seed: -1,
    });
    return yield* kernel.nd_region_probe(region);
  }
  return session.call(appear());
}

/** Moves the region with its contents before the next boot. */
export function moveRegion(session: Session, region: number, start: number): Result {
  const { state, kernel } = session;
  const ndRegion = state.nd_region.get(region);
  if (!ndRegion) throw new BadOperation(`there is no region${region}`);
  const ofCxl = [...state.cxl_region.values()].some(
    (own) => own.start <= ndRegion.start && ndRegion.start < own.start + own.size,
  );
  if (ofCxl) throw new BadOperation(`region${region} cannot move: it is a CXL region`);
  const gone = session.call(none(kernel.nd_region_remove(region)));
  if (gone.ended !== 'returned') return gone;
  const { children } = state.iomem_resource;
  const at = children.findIndex(
    (res) => res.start === ndRegion.start && res.name.startsWith('Persistent Memory'),
  );
  const [inside] = children[at]!.children;
  if (inside) throw new BadOperation(`region${region} cannot move: ${inside.name} lies in it`);
  children.splice(at, 1);
  insertResource(state, start, ndRegion.size, ndRegion.pagemap ? LEGACY : 'Persistent Memory');
  ndRegion.start = start;
  const back = session.call(kernel.nd_region_probe(region));
  return { ...back, events: [...gone.events, ...back.events], steps: gone.steps + back.steps };
}

/** What ndctl writes to the region on another machine, which has the same release. */
function writtenElsewhere(
  { kernel }: Session,
  region: NvdimmRegion,
  { arch, page_size, ndctl: line }: z.infer<typeof elsewhere>,
): nd_region['media'] {
  const release = findRelease(kernel.release)!;
  const [start, size] = [arch === 'arm64' ? 2 ** 30 : 0, 2 ** 32];
  const machine = { arch, page_size: bytes(page_size), ram: [{ start, size, nid: 0 }] };
  const nodes = [{ nid: 0, online: true, cpus: [0] }];
  const other = new Session(boot({ source: 'the other machine', ...machine, nodes, missing: [] }, release));
  const lacks = lacksDeviceMemory(other.kernel);
  if (lacks !== null) throw new BadOperation(`written_on: ${lacks}`);
  describeRegion(other, { ...region, node: 0 });
  const { errno, ret } = runTool(other, ndctl, line);
  if (ret !== 0) throw new BadOperation(`written_on: ndctl ${line}: ${errno ?? 'BUG'}`);
  return other.state.nd_region.get(region.region)!.media;
}

const elsewhere = z
  .strictObject({ arch: z.enum(['x86_64', 'arm64']), page_size: size.default('4K'), ndctl: text })
  .meta({ description: 'What is on the region comes from another machine: ndctl wrote it there' });

export const nvdimm = stepKind({
  schema: z
    .strictObject({
      region: deviceNumber,
      ...range,
      node: nid.default(0),
      labels: z.boolean().default(true),
      carved: z.boolean().default(false),
      written_on: elsewhere.optional(),
      ...result,
    })
    .meta({
      description: 'The firmware describes a region of an NVDIMM; without labels it is one namespace',
    }),
  program: true,
  text: ({ written_on: from, ...step }) =>
    `region${step.region} at ${rangeText(step)}${from ? `, from a machine of ${from.arch} with pages of ${from.page_size}` : ''}`,
  lacks: ({ kernel }) => lacksDeviceMemory(kernel),
  run: (session, step) => {
    const [start, size] = rangeOf(step);
    const region = { ...step, start, size };
    const { written_on: from } = step;
    return describeRegion(session, region, from && writtenElsewhere(session, region, from));
  },
});

export const nvdimm_move = stepKind({
  schema: z
    .strictObject({ region: deviceNumber, start: size, ...result })
    .meta({ description: 'At the next boot the region, with all that is on it, lies elsewhere' }),
  program: true,
  text: (step) => `region${step.region} lies at ${hex(bytes(step.start))} now`,
  run: (session, step) => moveRegion(session, step.region, bytes(step.start)),
});
