/** An instance of device-dax whose driver the source names; bytes. */
export interface DaxDevice {
  readonly region: number;
  readonly id: number;
  /** hmem: Soft Reserved memory, which no other part of the machine describes. */
  readonly of: 'nvdimm' | 'cxl' | 'hmem';
  readonly start: number;
  readonly size: number;
  /** -1 if the source does not say. */
  readonly target_node: number;
  readonly driver: 'device_dax' | 'kmem' | 'none';
  /** Of its memory blocks, so many were online, in ZONE_MOVABLE or not; absent if the source does not say. */
  readonly online_blocks?: number;
  readonly movable?: boolean;
}
