import { quote } from '../errors/input-error.ts';
import type { Op, OpKind } from '../machines/recording/ops.ts';
import type { RecordingStep } from '../machines/recording/recording.ts';
import type { ScenarioStep } from '../scenarios/format/step-schema.ts';
import { touchNode, unmapHugepages } from '../scenarios/running/programs.ts';
import { type Result, returned } from '../scenarios/running/result.ts';
import type { Session } from '../scenarios/running/session.ts';
import { lacksDeviceMemory } from '../scenarios/steps/common/lacks.ts';
import { deviceRange } from '../scenarios/steps/devices/device.ts';
import { FAIL_SITES } from '../scenarios/steps/machine/fail.ts';
import { unpinLast } from '../scenarios/steps/pages/pin.ts';
import type { Because } from './because.ts';
import {
  type Compare,
  deleted,
  ejectOst,
  errno,
  exit,
  noResult,
  ost,
  plugged,
} from './comparison/compare-result.ts';
import { hasTables, isAddedAtBoot } from './inputs/before-first-step.ts';
import { useHugepages } from './inputs/hugetlb-inputs.ts';
import { pin } from './inputs/pins.ts';
import { loadTestModule, testModule } from './inputs/test-module.ts';
import {
  bindVirtioMem,
  moduleChanged,
  plugVirtioMem,
  requestVirtioMem,
  unplugVirtioMem,
} from './virtio-mem.ts';

/** The meaning of recorded operations for the model, by their names in ops.json. */

/** Bytes. */
interface Range {
  readonly start: number;
  readonly size: number;
}

export interface RecordedOperation<O = Op> {
  /** The operation's text in a report. */
  text(op: O): string;
  /**
   * The scenario step that performs it, its outcome if there is no such step, or the reason why it is not performed.
   */
  does(
    op: O,
    session: Session,
    heads: readonly number[],
    step: RecordingStep,
  ): ScenarioStep | Result | Because;
  /** The comparisons of its outcome. */
  readonly compares: readonly Compare[];
  /** The memory that it tries to take offline, unless its outcome shows that no attempt failed; null otherwise. */
  offlines?(op: O, session: Session): Range | null;
  /** A program performs it: an oops ends the program, and the machine stays as it was. */
  readonly program?: true;
  /** Programs end in it. */
  readonly ends?: true;
}

type Operations = { readonly [K in OpKind]: RecordedOperation<Op & { op: K }> };

const hex = (n: number): string => `0x${n.toString(16)}`;
const called = ({ op, start, size }: Range & { readonly op: string }): string =>
  `${op} ${hex(start)} ${hex(size)}`;
const ran = ({ op, argv }: { readonly op: string; readonly argv: readonly string[] }): string =>
  `${op} ${argv.join(' ')}`;
const named = ({ op }: { readonly op: string }): string => op;

const EVERYTHING: Range = { start: 0, size: Number.MAX_SAFE_INTEGER };

/** A command line in a scenario consists of words separated by spaces. */
function oddArgument(argv: readonly string[]): Because | null {
  const odd = argv.find((word) => !/^\S+$/.test(word));
  return odd === undefined ? null : { because: `${JSON.stringify(odd)} as an argument is not modelled` };
}

/** The refusal of the machine monitor; null if the kernel saw the operation. */
const unseen = (op: Op, what: string): Because | null =>
  typeof op.error === 'string'
    ? { because: `${what}: refused by the machine monitor, the kernel never saw it` }
    : null;

/** Kinds of memory that programs use. */
const USES = ['tmpfs', 'anonymous', 'huge1g', 'huge2m', 'device'];

const PROGRAMS = 'what a program allocates is not modelled; it was all movable';

const operations: Operations = {
  write: {
    text: (op) => `echo ${op.value} > ${op.path}`,
    does: ({ path, value }, session, _, step) =>
      bindVirtioMem(session, path, value, step) ?? { kind: 'write', step: { path, value } },
    compares: [errno],
    offlines: ({ path, value, errno }, session) => {
      const [, id, file] = /\/memory(\d+)\/(state|online)$/.exec(path) ?? [];
      if (id === undefined) return path.startsWith('/sys/bus/') ? EVERYTHING : null;
      const size = session.kernel.c.memory_block_size_bytes;
      const offline = file === 'online' ? '0' : 'offline';
      return errno === null || value.trim() !== offline ? null : { start: Number(id) * size, size };
    },
  },
  observe: {
    text: named,
    does: () => ({ because: 'observe: reads only' }),
    compares: [],
  },
  add_memory: {
    text: called,
    does: ({ nid, start, size, flags }) => ({ kind: 'add', step: { node: nid, start, size, flags } }),
    compares: [errno],
  },
  add_memory_driver_managed: {
    text: called,
    does: ({ nid, start, size, flags }) => ({
      kind: 'add_driver_managed',
      step: { node: nid, start, size, flags, name: 'System RAM (ohp)' },
    }),
    compares: [errno],
  },
  remove_memory: {
    text: called,
    does: ({ start, size }) => ({ kind: 'remove', step: { start, size } }),
    compares: [errno],
  },
  offline_and_remove_memory: {
    text: called,
    does: ({ start, size }) => ({ kind: 'offline_and_remove', step: { start, size } }),
    compares: [errno],
    offlines: (op) => (op.errno === null ? null : op),
  },
  device_add: {
    text: (op) => `${op.op} ${op.id}`,
    does: (op, session, _, step) => {
      const { id, addr, size, node } = op;
      const because = (why: string): Because => ({ because: `device_add ${id}: ${why}` });
      if (typeof op.error === 'string' || addr === null)
        return because('refused by the machine monitor, the kernel never saw it');
      if (op.kind === 'virtio-mem') return plugVirtioMem(session, { ...op, addr }, step);
      const cold = op.cold_plugged === true;
      if (cold && !isAddedAtBoot(op, hasTables(step))) return because('was there before boot');
      if (op.kind === 'nvdimm') {
        const lacks = lacksDeviceMemory(session.kernel);
        if (lacks !== null) return because(lacks);
        if (!op.label_size) return because('plugging an NVDIMM without a label area is not modelled');
        return { kind: 'device_add', step: { id, start: addr, size, node, kind: 'nvdimm' } };
      }
      if (op.kind !== 'dimm')
        return { because: `device_add ${id}: unknown kind ${quote(op.kind)}`, unread: true };
      return {
        kind: 'device_add',
        step: { id, start: addr, size, node, ...(cold && { cold_plugged: true }) },
      };
    },
    compares: [ost],
  },
  device_del: {
    text: (op) => `${op.op} ${op.id}`,
    does: (op, session) =>
      unseen(op, `device_del ${op.id}`) ??
      unplugVirtioMem(session, op.id) ?? { kind: 'device_del', step: { id: op.id } },
    compares: [deleted, ejectOst],
    offlines: ({ id }, session) => deviceRange(session, id),
  },
  pin: {
    text: named,
    does: pin,
    compares: [errno],
  },
  unpin: {
    text: named,
    does: ({ count }, session) => unpinLast(session, count),
    compares: [noResult],
  },
  virtio_mem_request: {
    text: ({ op, id, size }) => `${op} ${id} ${hex(size)}`,
    does: (op, session) => unseen(op, `virtio_mem_request ${op.id}`) ?? requestVirtioMem(session, op),
    compares: [plugged],
    offlines: () => EVERYTHING,
  },
  module: {
    text: ({ action, name }) => `${action} ${name}`,
    does: (op, session, _, step) => {
      if (typeof op.exit === 'number' && op.exit !== 0)
        return {
          because: `${op.action} ${op.name}: exit ${op.exit}: why modules are refused is not modelled`,
        };
      loadTestModule(session, op);
      return moduleChanged(session, op, step);
    },
    compares: [],
  },
  memremap_pages: {
    text: called,
    does: ({ nid, start, size }, session) => {
      const step = { node: nid, start, size, as: 'generic', altmap: 0 } as const;
      const module = testModule(session);
      return { kind: 'memremap', step: module === undefined ? step : { ...step, resource: module } };
    },
    compares: [errno],
  },
  memunmap_pages: {
    text: ({ op, start }) => `${op} ${hex(start)}`,
    // the test module answers -ENOENT itself where it has mapped nothing
    does: ({ start }, session) => {
      const map = [...session.state.dev_pagemap.values()].find((one) => one.start === start);
      if (!map) return returned(-session.kernel.errno.ENOENT);
      const step = { start, size: map.end + 1 - start };
      const module = testModule(session);
      return { kind: 'memunmap', step: module === undefined ? step : { ...step, resource: module } };
    },
    compares: [errno],
  },
  fail: {
    text: ({ op, site }) => `${op} ${site}`,
    does: ({ site, times, after }) => {
      const known = FAIL_SITES.find((one) => one === site);
      if (known === undefined) return { because: `fail: unknown site ${quote(site)}`, unread: true };
      return { kind: 'fail', step: { site: known, times, after } };
    },
    compares: [],
  },
  touch: {
    text: called,
    does: ({ start, size }) => ({ kind: 'touch', step: { start, size } }),
    compares: [noResult],
    program: true,
  },
  use_memory: {
    text: named,
    does: (op, session, heads) => {
      if (!USES.includes(op.kind))
        return { because: `use_memory: unknown kind ${quote(op.kind)}`, unread: true };
      if (op.mib === null) return { because: 'use_memory: how much was not recorded' };
      if (op.kind === 'huge1g' || op.kind === 'huge2m') return useHugepages(session, op, heads);
      if (session.state.mmu) return touchNode(session, op.node ?? 0, op.mib * 2 ** 20);
      return { because: `use_memory: ${PROGRAMS}` };
    },
    compares: [],
    program: true,
  },
  stop_using: {
    text: named,
    does: (_, session) => ({
      because: `stop_using: ${unmapHugepages(session) ? 'has no result' : PROGRAMS}`,
    }),
    compares: [],
    ends: true,
  },
  script: {
    text: ({ file, argv }) => [file, ...argv].join(' '),
    does: ({ file }) => ({ because: `script ${file}: what it did was not recorded`, unread: true }),
    compares: [],
    offlines: () => EVERYTHING,
  },
  ndctl: {
    text: ran,
    does: ({ argv }) => oddArgument(argv) ?? { kind: 'ndctl', step: { run: argv.join(' ') } },
    compares: [exit],
  },
  daxctl: {
    text: ran,
    does: ({ argv }) => oddArgument(argv) ?? { kind: 'daxctl', step: { run: argv.join(' ') } },
    compares: [exit],
    offlines: ({ exit }) => (exit === 0 ? null : EVERYTHING),
  },
};

export const operationOf = ({ op }: Op): RecordedOperation => operations[op];
