import { z } from 'zod';
import { InputError } from '../../errors/input-error.ts';
import { placeOf } from '../text/zod-place.ts';

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

/** A write of `value` to a sysfs or /proc/sys file. */
const write = z.strictObject({ op: z.literal('write'), path: text, value: text, errno });

/** An observation without changes: in words or as a shell line. */
const observe = z.strictObject({ op: z.literal('observe'), text });

/**
 * A device plugged through the machine monitor. `addr` is null if the monitor chose none (it refused); `error` is the
 * monitor's refusal. OST status 0 does not mean that memory was added.
 */
const deviceAdd = z.strictObject({
  op: z.literal('device_add'),
  kind: z.enum(['dimm', 'nvdimm']),
  id: text,
  size: bytes,
  node: nid,
  addr: bytes.nullable(),
  error: text.nullable(),
  ost,
  /** Whether the OST codes were not recorded, so that `ost` is meaningless. */
  ost_unrecorded: z.boolean().optional(),
  /** Whether it existed before boot. */
  cold_plugged: z.boolean().optional(),
  /** Bytes of an NVDIMM's label area. */
  label_size: bytes.optional(),
});

/** An unplug request for a device; `events` are the monitor's, such as DEVICE_DELETED. */
const deviceDel = z.strictObject({
  op: z.literal('device_del'),
  id: text,
  error: text.nullable(),
  events: z.array(text).max(1024),
  ost,
});

/** Calls into the kernel made by a test module. `flags` are mhp_t. */
const addMemory = z.strictObject({
  op: z.literal('add_memory'),
  nid: z.int(),
  start: bytes,
  size: bytes,
  flags: z.int().min(0),
  errno,
});
const addMemoryDriverManaged = z.strictObject({
  op: z.literal('add_memory_driver_managed'),
  nid: z.int(),
  start: bytes,
  size: bytes,
  flags: z.int().min(0),
  errno,
});
const removeMemory = z.strictObject({
  op: z.literal('remove_memory'),
  start: bytes,
  size: bytes,
  errno,
  /** The errno is not known. */
  unknown: z.boolean().optional(),
  /** The kernel BUGged or oopsed in this call; the errno is not known. */
  crashed: z.boolean().optional(),
});
const offlineAndRemoveMemory = z.strictObject({
  op: z.literal('offline_and_remove_memory'),
  start: bytes,
  size: bytes,
  errno,
});

/** The test module takes unmovable pages somewhere in a range of a node. */
const pin = z.strictObject({ op: z.literal('pin'), nid, start: bytes, size: bytes, errno });
/** Releases the last `count` pins. */
const unpin = z.strictObject({ op: z.literal('unpin'), count: z.int().min(0) });

/** A program allocates `mib` MiB of a kind of memory and keeps it; `node` is null if none was requested. */
const useMemory = z.strictObject({
  op: z.literal('use_memory'),
  mib: z.int().min(0),
  node: nid.nullable(),
  kind: z.enum(['tmpfs', 'anonymous', 'huge1g', 'huge2m', 'device']),
  /** The device's path, for kind device. */
  device: text.optional(),
  crashed: z.boolean().optional(),
});
/** Releases all memory allocated by use_memory. */
const stopUsing = z.strictObject({ op: z.literal('stop_using') });

/**
 * A run of the ndctl or daxctl tool. `exit` is null if it was not recorded (234 is -EINVAL); `count` is the number
 * printed.
 */
const ndctl = z.strictObject({
  op: z.literal('ndctl'),
  argv,
  exit: z.int().nullable(),
  count: z.int().optional(),
  timeout_s: z.int().min(0).optional(),
});
const daxctl = z.strictObject({
  op: z.literal('daxctl'),
  argv,
  exit: z.int().nullable(),
  count: z.int().optional(),
  timeout_s: z.int().min(0).optional(),
});

const opSchema = z.discriminatedUnion('op', [
  write,
  observe,
  deviceAdd,
  deviceDel,
  addMemory,
  addMemoryDriverManaged,
  removeMemory,
  offlineAndRemoveMemory,
  pin,
  unpin,
  useMemory,
  stopUsing,
  ndctl,
  daxctl,
]);

const recordedSchema = z.strictObject({
  schema: z.literal('mhp-recording/1'),
  arch: z.enum(['arm64', 'x86_64']),
  /** uname -r. */
  kernel: text,
  /** Bytes. */
  page_size: z.union([z.literal(4096), z.literal(16384), z.literal(65536)]),
  cmdline: text,
  steps: z
    .array(
      z.strictObject({
        /** The step's directory: NN-label. */
        dir: z.string().regex(/^[^/\0]{1,255}$/),
        ops: z.array(opSchema).max(10_000),
      }),
    )
    .max(10_000),
});

/** One operation of a recording; `op` is its kind. */
export type Op = z.infer<typeof opSchema>;
/** Kinds of operations. */
export type OpKind = Op['op'];
/** The contents of ops.json: a summary of the machine, and the operations of each step in order. */
export type RecordedOps = z.infer<typeof recordedSchema>;

/**
 * Parses the text of an ops.json (schema `mhp-recording/1`).
 * @throws InputError naming the place ("steps[3].ops[0].errno")
 */
export function parseOps(text: string, file: string, place = 'ops.json'): RecordedOps {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(file, place, `is not JSON: ${(error as Error).message}`);
  }
  const parsed = recordedSchema.safeParse(value);
  if (!parsed.success) {
    const { path, what } = placeOf(parsed.error);
    throw new InputError(file, path === '' ? place : `${place} ${path}`, what);
  }
  const seen = new Set<string>();
  for (const [i, step] of parsed.data.steps.entries()) {
    if (step.dir === '.' || step.dir === '..' || seen.has(step.dir)) {
      throw new InputError(
        file,
        `${place} steps[${i}].dir`,
        `${JSON.stringify(step.dir)} is not a new directory name`,
      );
    }
    seen.add(step.dir);
  }
  return parsed.data;
}
