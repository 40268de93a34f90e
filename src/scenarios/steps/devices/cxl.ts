import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import { WAYS } from '../../../kernel/drivers/cxl/core/region.ts';
import { free_memregion } from '../../../kernel/drivers/dax/hmem/device.ts';
import { look } from '../../../kernel/ops.ts';
import type { Steps } from '../../../steps/step.ts';
import { stepKind } from '../common/kind.ts';
import { lacksDeviceMemory, lacksFunction } from '../common/lacks.ts';
import { bytes, deviceNumber, hex, nid, range, rangeOf, rangeText, result, size } from '../common/values.ts';

const ways = z.int().min(1).max(64).default(1);
const granularity = size.default(256);
const type = z.enum(['ram', 'pmem']).default('ram');

/** A CXL Fixed Memory Window, as ACPI's CEDT describes it. */
export const cxl_window = stepKind({
  schema: z
    .strictObject({ window: deviceNumber, ...range, node: nid.default(0), ways, granularity, ...result })
    .meta({ description: 'ACPI describes a CXL window (CFMWS), interleaved among so many host bridges' }),
  text: (step) => `CXL Window ${step.window} at ${rangeText(step)}, node ${step.node}`,
  lacks: ({ kernel }) => lacksFunction(kernel, 'add_cxl_resources'),
  run: (session, step) => {
    const { kernel, state } = session;
    const [start, size] = rangeOf(step);
    if (state.cxl_root_decoder.has(step.window))
      throw new BadOperation(`CXL Window ${step.window} is there already`);
    if (size === 0 || start % 2 ** 28 || size % 2 ** 28)
      throw new BadOperation('a CXL window is made of whole 256M');
    if (!WAYS.includes(step.ways))
      throw new BadOperation(`${step.ways} is no number of ways: ${WAYS.join(', ')}`);
    if (!state.pgdat.has(step.node)) throw new BadOperation(`there is no node ${step.node}`);
    state.cxl_root_decoder.set(step.window, {
      start,
      size,
      target_node: step.node,
      interleave_ways: step.ways,
      interleave_granularity: bytes(step.granularity),
    });
    return session.call(kernel.add_cxl_resources(step.window));
  },
});

/** A region: made by the cxl tool, or found as the firmware made it. */
export const cxl_region = stepKind({
  schema: z
    .strictObject({
      window: deviceNumber,
      size,
      type,
      start: size.optional(),
      ways,
      granularity,
      ...result,
    })
    .meta({
      description: 'cxl create-region -t ram or pmem; with `start` the region is one that the firmware made',
    }),
  text: (step) => {
    const how = `-d decoder0.${step.window} -t ${step.type} -w ${step.ways} -g ${bytes(step.granularity)}`;
    const at = step.start === undefined ? '' : ` at ${hex(bytes(step.start))}`;
    return `cxl create-region ${how} -s ${hex(bytes(step.size))}${at}`;
  },
  lacks: ({ kernel }, step) =>
    lacksDeviceMemory(kernel) ??
    lacksFunction(kernel, step.type === 'pmem' ? 'cxl_pmem_region_probe' : 'cxl_dax_region_probe'),
  run: (session, step) => {
    const { kernel, state } = session;
    const window = state.cxl_root_decoder.get(step.window);
    if (!window) throw new BadOperation(`there is no CXL Window ${step.window}`);
    const long = bytes(step.size);
    const start = step.start === undefined ? undefined : bytes(step.start);
    if (long === 0) throw new BadOperation('a CXL region has a size');
    if (start !== undefined && (start < window.start || start + long > window.start + window.size))
      throw new BadOperation(`${hex(start)}+${hex(long)} is not in CXL Window ${step.window}`);
    if (start !== undefined)
      for (const [nr, region] of state.cxl_region)
        if (start < region.start + region.size && region.start < start + long)
          throw new BadOperation(`${hex(start)}+${hex(long)} overlaps region${nr}: decoders do not overlap`);
    function* create(): Steps<number> {
      const cxlr = yield* look(free_memregion);
      state.cxl_region.set(cxlr, {
        cxlrd: step.window,
        mode: step.type,
        interleave_ways: step.ways,
        interleave_granularity: bytes(step.granularity),
        start: -1,
        size: 0,
      });
      const rc =
        (yield* kernel.$set_interleave(cxlr)) ||
        (start === undefined
          ? yield* kernel.alloc_hpa(cxlr, long)
          : yield* kernel.$place_region(cxlr, start, long));
      if (rc) {
        // the tool deletes a region that it could not set up
        state.cxl_region.delete(cxlr);
        return rc;
      }
      const probed = yield* kernel.cxl_region_probe(cxlr);
      const driver = step.type === 'pmem' ? 'cxl_pmem_region' : 'cxl_dax_region';
      const dev = step.type === 'pmem' ? `pmem_region${cxlr}` : `dax_region${cxlr}`;
      if (probed) yield* kernel.$probe_failed(driver, dev, probed);
      return 0;
    }
    return session.call(create());
  },
});
