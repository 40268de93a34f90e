import { z } from 'zod';
import { stepKind } from '../common/kind.ts';
import { bytes, nid, result, size } from '../common/values.ts';

function path({
  node,
  size,
}: {
  readonly node?: number | undefined;
  readonly size: number | string;
}): string {
  const parent = node === undefined ? '/sys/kernel/mm' : `/sys/devices/system/node/node${node}`;
  return `${parent}/hugepages/hugepages-${bytes(size) / 1024}kB/nr_hugepages`;
}

export const hugepages = stepKind({
  schema: z.strictObject({ size, node: nid.optional(), count: z.int().min(0), ...result }).meta({
    description:
      'echo count > hugepages-<size>kB/nr_hugepages, of a node or of all; fewer may come of it without an error',
  }),
  text: (step) => `echo ${step.count} > ${path(step)}`,
  run: (session, step) => session.write(path(step), String(step.count)),
});
