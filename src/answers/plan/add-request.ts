export const DEVICE_KINDS = ['dimm', 'kmem', 'cxl', 'virtio-mem'] as const;
export type DeviceKind = (typeof DEVICE_KINDS)[number];

/** What is to be added. */
export interface AddRequest {
  readonly size: number;
  /** The first address above all memory by default. */
  readonly start: number | undefined;
  readonly kind: DeviceKind;
  readonly node: number;
  /** auto_online_blocks, in place of the host's. */
  readonly policy: string | undefined;
  readonly host: string | undefined;
  /** virtio-mem: bytes of a device block; 2M by default. */
  readonly device_block?: number;
}
