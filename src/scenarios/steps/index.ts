/** Every kind of scenario step, by its name in a file. */

export { add, add_driver_managed } from './add.ts';
export { arch_add, arch_remove } from './arch-add.ts';
export { consume } from './consume.ts';
export { daxctl } from './daxctl.ts';
export { device_add, device_del } from './device.ts';
export { expect } from './expect.ts';
export { fail } from './fail.ts';
export { hugepages } from './hugepages.ts';
export { hv_hot_add } from './hv-hot-add.ts';
export { kpageflags } from './kpageflags.ts';
export { lose_resource } from './lose-resource.ts';
export { memremap, memunmap } from './memremap.ts';
export { ndctl } from './ndctl.ts';
export { nvdimm, nvdimm_move } from './nvdimm.ts';
export { offline, online, online_kernel, online_movable } from './online.ts';
export { page } from './page.ts';
export { pin, unpin } from './pin.ts';
export { offline_and_remove, remove } from './remove.ts';
export { system_state } from './system-state.ts';
export { touch } from './touch.ts';
export { use } from './use.ts';
export { virtio_mem, virtio_mem_request } from './virtio-mem.ts';
export { write } from './write.ts';
export { zone_device } from './zone-device.ts';
