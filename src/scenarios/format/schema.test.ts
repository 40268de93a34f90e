import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { scenarioJsonSchema } from './schema.ts';

test('the published JSON Schema is up to date (renew with --update)', async () => {
  const text = `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../../schemas/scenario.schema.json');
});

test('it describes every step', () => {
  const schema = JSON.parse(
    readFileSync(new URL('../../../schemas/scenario.schema.json', import.meta.url), 'utf8'),
  );
  const names = schema.properties.steps.items.anyOf.flatMap((s: { properties: object }) =>
    Object.keys(s.properties),
  );
  expect(names).toEqual([
    ...[
      'add',
      'add_driver_managed',
      'remove',
      'offline_and_remove',
      'online',
      'online_kernel',
      'online_movable',
      'offline',
    ],
    ...[
      'device_add',
      'device_del',
      'write',
      'arch_add',
      'arch_remove',
      'touch',
      'kpageflags',
      'zone_device',
      'nvdimm',
      'nvdimm_move',
      'ndctl',
      'daxctl',
      'virtio_mem',
      'virtio_mem_request',
      'memremap',
      'memunmap',
      'page',
      'hv_hot_add',
      'consume',
      'hugepages',
      'pin',
      'unpin',
      'use',
      'fail',
      'lose_resource',
      'system_state',
      'expect',
    ],
  ]);
});
