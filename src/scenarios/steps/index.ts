/** Every kind of scenario step, by its name in a file. */

export { cxl_region, cxl_window } from './devices/cxl.ts';
export { daxctl } from './devices/daxctl.ts';
export { device_add, device_del } from './devices/device.ts';
export { hv_hot_add } from './devices/hv-hot-add.ts';
export { memremap, memunmap } from './devices/memremap.ts';
export { ndctl } from './devices/ndctl.ts';
export { nvdimm, nvdimm_move } from './devices/nvdimm.ts';
export { soft_reserved } from './devices/soft-reserved.ts';
export { virtio_mem, virtio_mem_remove, virtio_mem_request } from './devices/virtio-mem.ts';
export { zone_device } from './devices/zone-device.ts';
export { expect } from './machine/expect.ts';
export { fail } from './machine/fail.ts';
export { lose_resource } from './machine/lose-resource.ts';
export { script } from './machine/script.ts';
export { system_state } from './machine/system-state.ts';
export { write } from './machine/write.ts';
export { add, add_driver_managed } from './memory/add.ts';
export { arch_add, arch_remove } from './memory/arch-add.ts';
export { offline, online, online_kernel, online_movable } from './memory/online.ts';
export { offline_and_remove, remove } from './memory/remove.ts';
export { touch } from './memory/touch.ts';
export { consume } from './pages/consume.ts';
export { hugepages } from './pages/hugepages.ts';
export { kpageflags } from './pages/kpageflags.ts';
export { page } from './pages/page.ts';
export { pin, unpin } from './pages/pin.ts';
export { use } from './pages/use.ts';
