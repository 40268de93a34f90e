import type { StepName } from '../../scenarios/format/step-schema.ts';
import * as calls from './calls.ts';
import * as deviceMemory from './device-memory.ts';
import * as devices from './devices.ts';
import * as faults from './faults.ts';
import * as observe from './observe.ts';
import type { Performer } from './performer.ts';
import * as script from './script.ts';
import * as tools from './tools.ts';
import * as use from './use.ts';
import * as virtioMem from './virtio-mem.ts';
import * as write from './write.ts';

/** How each kind of step is done on a real kernel, or why it cannot be. */

const PERFORMERS: { readonly [K in StepName]: Performer<K> | string } = {
  add: calls.add,
  add_driver_managed: calls.addDriverManaged,
  arch_add: 'a static function of the kernel cannot be called with the locks that it needs',
  arch_remove: 'a static function of the kernel cannot be called with the locks that it needs',
  consume: 'a function cannot be asked about a page',
  cxl_region: "QEMU's CXL memory is not set up",
  cxl_window: "QEMU's CXL memory is not set up",
  daxctl: tools.daxctl,
  device_add: devices.deviceAdd,
  device_del: devices.deviceDel,
  expect: observe.expect,
  fail: faults.fail,
  hugepages: write.hugepages,
  hv_hot_add: 'QEMU is no Hyper-V',
  kpageflags: observe.kpageflags,
  lose_resource: 'a resource cannot be taken away',
  memremap: deviceMemory.memremap,
  memunmap: deviceMemory.memunmap,
  ndctl: tools.ndctl,
  nvdimm: devices.nvdimm,
  nvdimm_move: 'the machine boots once',
  offline: write.offline,
  offline_and_remove: calls.offlineAndRemove,
  online: write.online,
  online_kernel: write.onlineKernel,
  online_movable: write.onlineMovable,
  page: observe.page,
  pin: calls.pin,
  remove: calls.remove,
  script: script.script,
  soft_reserved: 'QEMU cannot say of memory that it has a special purpose',
  system_state: 'system_state cannot be set',
  touch: deviceMemory.touch,
  unpin: calls.unpin,
  use: use.use,
  virtio_mem: virtioMem.virtioMem,
  virtio_mem_remove: virtioMem.virtioMemRemove,
  virtio_mem_request: virtioMem.virtioMemRequest,
  write: write.writeFile,
  zone_device: 'a driver of its own would be needed',
};

/** The performer of a kind of step, or why there is none. */
export const performerOf = (kind: StepName): Performer | string => PERFORMERS[kind] as Performer | string;
