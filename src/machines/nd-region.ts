/** NVDIMM regions and their namespaces as sysfs shows them. */

export interface NdNamespace {
  readonly id: number;
  /** Bytes. */
  readonly start: number;
  readonly size: number;
  /** Whether it has no label: it is then the only one of its region. */
  readonly io: boolean;
  /** That of its label and of the instance that claims it; '' for none. */
  readonly uuid: string;
  readonly claim_uuid: string;
  /** The kind of instance that claims it; without one the block device is raw. */
  readonly claim: 'none' | 'pfn' | 'dax' | 'btt';
  /** Where struct pages are, and where data begins and ends; for pfn and dax. */
  readonly mode: 'none' | 'ram' | 'pmem';
  readonly align: number;
  readonly data_start: number;
  readonly data_size: number;
}

export interface NdRegion {
  readonly id: number;
  readonly start: number;
  readonly size: number;
  /** 0 if the source does not say. */
  readonly align: number;
  /** -1 if the source does not say. */
  readonly nid: number;
  readonly target_node: number;
  /** Whether it is carved out of RAM: even a raw namespace gets struct pages. */
  readonly pagemap: boolean;
  /** The first NVDIMM of which it consists. */
  readonly nmem: number;
  /** Of how many it consists; absent if the source does not say. */
  readonly ways?: number;
  /** Whether that NVDIMM has a label area. */
  readonly label_area: boolean;
  readonly namespaces: readonly NdNamespace[];
}
