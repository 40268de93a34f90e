import { InputError, quote } from '../../errors/input-error.ts';
import { KERNEL_OPTION_NAMES, type KernelOptions, kernelOption, optionValue } from '../kernel-options.ts';
import type { Machine, Node, RamRange, Slot } from '../machine.ts';
import { MAX_ADDRESS } from '../readers/block-dirs.ts';
import { Faults } from '../text/faults.ts';
import { parseList } from '../text/number-list.ts';
import { parseSize } from '../text/size.ts';
import { parseYamlText, type YamlText } from '../text/yaml-text.ts';
import { IN_WORDS } from '../text/zod-place.ts';
import { type MachineFile, machineFileSchema } from './machine-schema.ts';

/**
 * Parses the text of a machine file: YAML by schemas/machine.schema.json. Ranges are sorted. If no nodes are listed,
 * the nodes named by RAM or slots are added.
 *
 * @throws InputError naming line and key
 */
export function parseMachineFile(text: string, file: string): Machine {
  const yaml = parseYamlText(text, file);
  const parsed = machineFileSchema.safeParse(yaml.value, IN_WORDS);
  if (parsed.success) return machineOfFile(parsed.data, yaml, file);
  const faults = new Faults(yaml, file);
  faults.addIssues(parsed.error);
  throw faults.error()!;
}

/**
 * The machine that the parsed data of a machine file describes; `yaml` knows the lines.
 * @throws InputError naming line and key
 */
export function machineOfFile(data: MachineFile, yaml: YamlText, file: string): Machine {
  return new MachineFileReader(data, yaml, file).machine();
}

interface Placed {
  readonly start: number;
  readonly size: number;
  readonly path: readonly (string | number)[];
}

/** Checks what the schema cannot express, and converts the file into a machine. */
class MachineFileReader {
  readonly #data: MachineFile;
  readonly #yaml: YamlText;
  readonly #file: string;
  readonly #page: number;

  constructor(data: MachineFile, yaml: YamlText, file: string) {
    this.#data = data;
    this.#yaml = yaml;
    this.#file = file;
    this.#page = this.#bytes(data.page_size, ['page_size']);
  }

  machine(): Machine {
    const data = this.#data;
    const pages = data.arch === 'arm64' ? [4096, 16_384, 65_536] : [4096];
    if (!pages.includes(this.#page))
      throw this.#wrong(['page_size'], `${data.arch} has no pages of ${this.#page} bytes`);
    if (data.guest === false && data.hypervisor !== undefined)
      throw this.#wrong(['guest'], `contradicts hypervisor: ${data.hypervisor}`);
    const blockSize = this.#blockSize();
    const config = this.#config();
    const ram = this.#ram();
    const slots = this.#slots(ram);
    const nodes = this.#nodes(ram, slots);
    const holes = this.#holes(ram);
    const cmdline = typeof data.boot_options === 'object' ? data.boot_options.join(' ') : data.boot_options;
    return {
      source: this.#file,
      arch: data.arch,
      page_size: this.#page,
      ...(data.va_bits === undefined ? {} : { va_bits: data.va_bits }),
      ...(data.release === undefined ? {} : { release: data.release }),
      ...(cmdline === undefined ? {} : { cmdline }),
      ...(blockSize === undefined ? {} : { block_size: blockSize }),
      ...(config === undefined ? {} : { config }),
      ...(data.guest === undefined ? {} : { guest: data.guest }),
      ...(data.hypervisor === undefined ? {} : { hypervisor: data.hypervisor }),
      ram,
      ...(holes === undefined ? {} : { holes }),
      ...(slots === undefined ? {} : { slots }),
      nodes,
      missing: [],
    };
  }

  #config(): KernelOptions | undefined {
    const { config, debug_vm } = this.#data;
    if (config === undefined && debug_vm === undefined) return undefined;
    const options: Record<string, boolean | number> = {};
    for (const [key, text] of Object.entries(config ?? {})) {
      const name = kernelOption(key);
      if (name === undefined) {
        const known = KERNEL_OPTION_NAMES.join(', ');
        throw this.#wrong(['config', key], `is not modelled: the options are ${known}`);
      }
      const value = optionValue(name, text);
      if (value === undefined) throw this.#wrong(['config', key], `${quote(String(text))} is no value of it`);
      options[name] = value;
    }
    if (debug_vm !== undefined) {
      if ((options.DEBUG_VM ?? debug_vm) !== debug_vm) throw this.#wrong(['debug_vm'], 'contradicts config');
      options.DEBUG_VM = debug_vm;
    }
    return options;
  }

  #blockSize(): number | undefined {
    if (this.#data.block_size === undefined) return undefined;
    const size = this.#bytes(this.#data.block_size, ['block_size']);
    if (size < this.#page || size > MAX_ADDRESS || 2 ** Math.round(Math.log2(size)) !== size) {
      throw this.#wrong(['block_size'], `${size} is not a power of two from a page to 2^52`);
    }
    return size;
  }

  #ram(): RamRange[] {
    const placed = this.#data.ram.flatMap(
      ({ start, size, node, hotpluggable, mirrored, count, stride }, i) => {
        const first = this.#range(start, size, ['ram', i]);
        const step = stride === undefined ? first.size : this.#bytes(stride, ['ram', i, 'stride']);
        return Array.from({ length: count ?? 1 }, (_, n) => ({
          ...this.#range(first.start + n * step, first.size, ['ram', i]),
          nid: node,
          hotpluggable: hotpluggable ?? false,
          mirrored: mirrored ?? false,
        }));
      },
    );
    this.#apart(placed);
    return placed.map(({ start, size, nid, hotpluggable, mirrored }) => ({
      start,
      size,
      nid,
      ...(hotpluggable && { hotpluggable }),
      ...(mirrored && { mirrored }),
    }));
  }

  #holes(ram: readonly RamRange[]): { readonly start: number; readonly size: number }[] | undefined {
    const placed = this.#data.holes?.map(({ start, size }, i) => this.#range(start, size, ['holes', i]));
    if (placed === undefined) return undefined;
    this.#apart(placed);
    for (const hole of placed) {
      const inside = ram.some(
        ({ start, size }) => start <= hole.start && hole.start + hole.size <= start + size,
      );
      if (!inside) throw this.#wrong(hole.path, 'lies in no RAM range');
    }
    return placed.map(({ start, size }) => ({ start, size }));
  }

  #slots(ram: readonly RamRange[]): Slot[] | undefined {
    const numbers = new Set<number>();
    return this.#data.slots?.map(({ slot, start, size, node }, i) => {
      if (numbers.has(slot)) throw this.#wrong(['slots', i, 'slot'], `slot ${slot} appears twice`);
      numbers.add(slot);
      const at = start === undefined ? undefined : this.#bytes(start, ['slots', i, 'start']);
      const long = size === undefined ? undefined : this.#bytes(size, ['slots', i, 'size']);
      if (long === 0) throw this.#wrong(['slots', i, 'size'], 'is 0');
      if (at !== undefined) {
        const end = at + (long ?? 1);
        if (end > MAX_ADDRESS) throw this.#wrong(['slots', i], 'ends past 2^52');
        if (ram.some((range) => range.start < end && at < range.start + range.size)) {
          throw this.#wrong(['slots', i], 'overlaps RAM');
        }
      }
      return {
        slot,
        ...(at === undefined ? {} : { start: at }),
        ...(long === undefined ? {} : { size: long }),
        ...(node === undefined ? {} : { node }),
      };
    });
  }

  #nodes(ram: readonly RamRange[], slots: readonly Slot[] | undefined): Node[] {
    const used = new Set(ram.map(({ nid }) => nid));
    const listed = this.#data.nodes;
    if (listed === undefined) {
      const all = new Set([
        0,
        ...used,
        ...(slots ?? []).flatMap(({ node }) => (node === undefined ? [] : [node])),
      ]);
      return [...all].sort((a, b) => a - b).map((nid) => ({ nid, online: used.has(nid), cpus: [] }));
    }
    const seen = new Set<number>();
    const placed = new Set<number>();
    const nodes = listed.map(({ node, cpus, distance }, i): Node => {
      if (seen.has(node)) throw this.#wrong(['nodes', i, 'node'], `node ${node} appears twice`);
      seen.add(node);
      const numbers =
        typeof cpus === 'string'
          ? parseList(cpus, 65_535, this.#file, this.#place(['nodes', i, 'cpus']))
          : [...new Set(cpus)];
      const twice = numbers.find((cpu) => placed.has(cpu));
      if (twice !== undefined) throw this.#wrong(['nodes', i, 'cpus'], `CPU ${twice} is in two nodes`);
      for (const cpu of numbers) placed.add(cpu);
      return {
        nid: node,
        online: used.has(node) || numbers.length > 0,
        cpus: numbers.sort((a, b) => a - b),
        ...(distance === undefined ? {} : { distance }),
      };
    });
    const online = nodes.filter((node) => node.online).length;
    for (const [i, { node, distance }] of listed.entries())
      if (distance !== undefined && distance.length !== nodes.length && distance.length !== online)
        throw this.#wrong(
          ['nodes', i, 'distance'],
          `node ${node} has ${distance.length} distances, and there ${nodes.length === 1 ? 'is 1 node' : `are ${nodes.length} nodes`}`,
        );
    const lost = [...ram.entries()].find(([, { nid }]) => !seen.has(nid));
    if (lost !== undefined) throw this.#wrong(['nodes'], `does not list node ${lost[1].nid}, which has RAM`);
    const slot = slots?.findIndex(({ node }) => node !== undefined && !seen.has(node)) ?? -1;
    if (slot >= 0) throw this.#wrong(['slots', slot, 'node'], 'is not among the nodes');
    return nodes.sort((a, b) => a.nid - b.nid);
  }

  #range(start: number | string, size: number | string, path: readonly (string | number)[]): Placed {
    const at = this.#bytes(start, [...path, 'start']);
    const long = this.#bytes(size, [...path, 'size']);
    if (at % this.#page !== 0)
      throw this.#wrong([...path, 'start'], `${at} is not a multiple of the page size`);
    if (long === 0 || long % this.#page !== 0)
      throw this.#wrong([...path, 'size'], `${long} is not a multiple of the page size`);
    if (at + long > MAX_ADDRESS) throw this.#wrong(path, 'ends past 2^52');
    return { start: at, size: long, path };
  }

  /** Sorts ranges and checks that they do not overlap. */
  #apart(ranges: Placed[]): void {
    ranges.sort((a, b) => a.start - b.start);
    for (let i = 1; i < ranges.length; i++) {
      const before = ranges[i - 1]!;
      if (ranges[i]!.start < before.start + before.size)
        throw this.#wrong(ranges[i]!.path, 'overlaps another range');
    }
  }

  #bytes(size: number | string, path: readonly (string | number)[]): number {
    const bytes = typeof size === 'number' ? size : parseSize(size);
    if (bytes === undefined || bytes > MAX_ADDRESS) throw this.#wrong(path, `${size} is past 2^52`);
    return bytes;
  }

  #place(path: readonly (string | number)[]): string {
    const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
    const line = this.#yaml.lineOf(path);
    return `${line === undefined ? '' : `line ${line} `}${text.replace(/^\./, '')}`.trimEnd();
  }

  #wrong(path: readonly (string | number)[], what: string): InputError {
    return new InputError(this.#file, this.#place(path), what);
  }
}
