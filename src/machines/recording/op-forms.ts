import { z } from 'zod';

/**
 * The forms of recorded operations. A form has two parts: what was asked for, without which the operation cannot be
 * performed, and what came of it, each part of which may be missing.
 */

/** Bytes: a safe integer, 0 and up. */
const bytes = z.int().min(0);
const nid = z.int().min(0).max(1023);
/** The name of an errno ("EBUSY"); null if the call succeeded. */
const errno = z
  .string()
  .regex(/^E[A-Z0-9]{1,24}$/)
  .nullable();
const text = z.string().max(65_536);
const argv = z.array(text).max(256);
/**
 * _OST status codes in the order in which the firmware received them: 0 success, 130 ejection failed, 132 ejection in
 * progress.
 */
const ost = z.array(z.int().min(0)).max(1024);

/** What any operation may have come to. */
export const OUTCOME = {
  /** The kernel BUGged or oopsed in it; the errno is not known. */
  crashed: z.boolean(),
  /** The errno is not known. */
  unknown: z.boolean(),
  /** It did not return; a signal ended it after so many seconds. */
  interrupted_after_s: z.number().min(0).nullable(),
  /** Why it was refused before the kernel saw it, in the words of the machine monitor; null if it was not. */
  error: text.nullable(),
};

const form = <N extends string, R extends z.ZodRawShape, O extends z.ZodRawShape>(
  name: N,
  request: R,
  outcome: O,
) => ({ request: z.object({ op: z.literal(name), ...request }), outcome });

const called = { start: bytes, size: bytes };
const ran = { argv };
const exited = {
  /** null if it was not recorded; 234 is -EINVAL. */
  exit: z.int().nullable(),
  /** The number that it printed. */
  count: z.int().nullable(),
  timeout_s: z.number().min(0).nullable(),
};

export const FORMS = [
  /** A write of `value` to a sysfs or /proc/sys file. */
  form('write', { path: text, value: text }, { errno }),
  /** An observation without changes: in words or as a shell line. */
  form('observe', {}, { text }),

  /**
   * A device plugged through the machine monitor: `kind` is dimm, nvdimm or virtio-mem. `addr` is null if the monitor
   * chose none (it refused). OST status 0 does not mean that memory was added.
   */
  form(
    'device_add',
    { kind: text, id: text, size: bytes, node: nid, addr: bytes.nullable() },
    {
      ost,
      /** Whether the OST codes were not recorded, so that `ost` is meaningless. */
      ost_unrecorded: z.boolean(),
      /** Whether it existed before boot. */
      cold_plugged: z.boolean(),
      /** Bytes of an NVDIMM's label area. */
      label_size: bytes,
      /** Bytes: the unit of a virtio-mem device. */
      block_size: bytes,
    },
  ),
  /** An unplug request for a device; `events` are the monitor's, such as DEVICE_DELETED. */
  form('device_del', { id: text }, { events: z.array(text).max(1024), ost }),
  /** The host asks for `size` bytes of a virtio-mem device to be plugged; `plugged` were, some time later. */
  form('virtio_mem_request', { id: text, size: bytes }, { plugged: bytes.nullable() }),
  /** A kernel module was loaded or unloaded. */
  form('module', { name: text, action: text }, { exit: z.int().nullable() }),

  /** Calls into the kernel made by a test module. `flags` are mhp_t. */
  form('add_memory', { nid: z.int(), ...called, flags: z.int().min(0) }, { errno }),
  form('add_memory_driver_managed', { nid: z.int(), ...called, flags: z.int().min(0) }, { errno }),
  form('remove_memory', called, { errno }),
  form('offline_and_remove_memory', called, { errno }),
  form('memremap_pages', { nid: z.int(), ...called }, { errno }),
  form('memunmap_pages', { start: bytes }, { errno }),
  /** The next calls of `function` fail as if an allocation did, after some that do not (scenarios: fail). */
  form(
    'fail',
    { site: text, times: z.int().min(1).max(1000), after: z.int().min(0).max(1_000_000) },
    { function: text },
  ),
  /** The kernel writes to all bytes of a range through its linear map. */
  form('touch', called, {}),
  /** The test module takes unmovable pages somewhere in a range of a node; `page` is a pfn or an address. */
  form(
    'pin',
    { nid, ...called },
    { errno, page: z.union([bytes, z.string().regex(/^0x[0-9a-f]{1,13}$/)]).nullable() },
  ),
  /** Releases the last `count` pins. */
  form('unpin', { count: bytes }, { errno }),

  /**
   * A program allocates `mib` MiB of a kind of memory (tmpfs, anonymous, huge1g, huge2m, device) and keeps it; null if
   * that was not recorded. `node` is null if none was requested. `device` is its path, for kind device.
   */
  form('use_memory', { mib: bytes.nullable(), node: nid.nullable(), kind: text }, { device: text }),
  /** Releases all memory allocated by use_memory. */
  form('stop_using', {}, { errno }),

  /** A shell script; `said` is what it printed. */
  form('script', { file: text, argv }, { exit: z.int().nullable(), said: text }),

  /** A run of the ndctl or daxctl tool. */
  form('ndctl', ran, exited),
  form('daxctl', ran, exited),
] as const;
