import { cxlSteps } from './draw/cxl.ts';
import { deviceSteps } from './draw/devices.ts';
import { machineSteps } from './draw/machine.ts';
import { memorySteps } from './draw/memory.ts';
import { nvdimmSteps } from './draw/nvdimm.ts';
import { pageSteps } from './draw/pages.ts';
import type { Draw, StepName } from './here.ts';

/** A kind of step that the walk leaves out. */
export interface Left {
  readonly not_drawn: string;
}

/** How each kind of step is drawn. A new kind is a type error until it is in one of these, or left out for a reason. */
export const KINDS: { readonly [K in StepName]: Draw<K> | Left } = {
  ...memorySteps,
  ...deviceSteps,
  ...cxlSteps,
  ...nvdimmSteps,
  ...pageSteps,
  ...machineSteps,
  lose_resource: { not_drawn: 'no kernel does it: what goes wrong after it is nobody’s defect' },
  script: { not_drawn: 'the model runs no script' },
};

export const isDrawn = <K extends StepName>(kind: Draw<K> | Left): kind is Draw<K> => 'draw' in kind;

/** What one walk does more often than others, so that what needs several steps comes about. */
export const THEMES: readonly (readonly StepName[])[] = [
  ['nvdimm', 'ndctl', 'daxctl', 'write', 'online_movable', 'offline'],
  ['cxl_window', 'cxl_region', 'soft_reserved', 'daxctl', 'offline'],
  ['virtio_mem', 'virtio_mem_request', 'offline', 'online'],
  ['device_add', 'device_del', 'online_movable', 'offline'],
  ['add', 'online_movable', 'offline', 'remove', 'offline_and_remove'],
  ['add', 'online', 'use', 'hugepages', 'pin', 'unpin', 'offline'],
  ['memremap', 'memunmap', 'add', 'remove'],
  ['fail', 'write', 'device_add', 'device_del'],
  ['hv_hot_add', 'online', 'offline', 'remove'],
];
