import { BadOperation } from '../../errors/bad-operation.ts';
import { nd_pfn_name } from '../../kernel/drivers/nvdimm/bus.ts';
import { nd_pfn_supported_alignments } from '../../kernel/drivers/nvdimm/pfn_devs.ts';
import { allocatable_dpa } from '../../kernel/drivers/nvdimm/region_devs.ts';
import { kernfs_order } from '../../kernel/fs/kernfs.ts';
import { nd_file } from '../../kernel/fs/nd_sysfs.ts';
import { type nd_namespace, nd_namespace_key, type nd_region } from '../../kernel/state.ts';
import { parseSize } from '../../machines/text/size.ts';
import type { Session } from '../running/session.ts';
import { activeMemory } from './daxctl.ts';
import { none, parseArgv, Tool, type ToolResult } from './tool.ts';

/** The parts of the ndctl tool (v76) that drive the kernel: its checks, their order, its exit codes. */

const SZ_16M = 16 * 2 ** 20;

type Mode = 'fsdax' | 'devdax' | 'raw' | 'sector';
const CLAIM: Readonly<Record<Mode, nd_namespace['claim_class']>> = {
  fsdax: 'pfn',
  devdax: 'dax',
  sector: 'btt',
  raw: 'none',
};

interface Parameters {
  readonly size: number;
  readonly mode: Mode;
  readonly map: 'ram' | 'pmem';
  readonly align: number;
  readonly force: boolean;
}

/** @throws BadOperation for a command or option that is not modelled */
export function ndctl(session: Session, argv: readonly string[]): ToolResult {
  const [command, ...words] = argv;
  const tool = new Tool(session);
  switch (command) {
    case 'create-namespace':
      return createNamespace(tool, words);
    case 'destroy-namespace':
      return eachNamespace(tool, words, ['-f'], (ns) => destroy(tool, ns));
    case 'disable-namespace':
      return eachNamespace(tool, words, [], (ns) => disableSafe(tool, ns));
    case 'enable-namespace':
      return eachNamespace(tool, words, [], (ns) => enable(tool, ns));
    case 'disable-region':
      return eachRegion(tool, words, (region) =>
        tool.call(session.kernel.unbind_store('nd_region', `region${region}`)),
      );
    case 'enable-region':
      return eachRegion(tool, words, (region) =>
        tool.call(session.kernel.bind_store('nd_region', `region${region}`)),
      );
    case 'init-labels':
      return initLabels(tool, words);
    default:
      throw new BadOperation(`ndctl ${command ?? ''}: not modelled`);
  }
}

const numberOf = (name: string, kind: string): number => {
  const match = new RegExp(`^${kind}(\\d{1,4})$`).exec(name);
  if (!match) throw new BadOperation(`ndctl: ${JSON.stringify(name)} is no ${kind}`);
  return Number(match[1]);
};

function regionNamed(session: Session, name: string): [number, nd_region] {
  const key = numberOf(name, 'region');
  const region = session.state.nd_region.get(key);
  if (!region) throw new BadOperation(`ndctl: there is no ${name}`);
  return [key, region];
}

function eachRegion(tool: Tool, words: readonly string[], action: (region: number) => number): ToolResult {
  const { rest } = parseArgv('ndctl', words, [], []);
  let count = 0;
  for (const name of rest) if (action(regionNamed(tool.session, name)[0]) === 0) count++;
  return tool.done(0, count);
}

/** Initialises the label area. Refused while a region of the NVDIMM is active, and without a label area. */
function initLabels(tool: Tool, words: readonly string[]): ToolResult {
  const { rest } = parseArgv('ndctl', words, [], ['-f']);
  let count = 0;
  for (const name of rest) {
    const nmem = numberOf(name, 'nmem');
    for (const region of tool.session.state.nd_region.values()) {
      if (region.nmem !== nmem || !region.label_area || region.enabled) continue;
      region.labels = [];
      count++;
    }
  }
  // EXIT_FAILURE
  return tool.done(count === 0 ? 1 : 0, count);
}

/** Calls a function for the namespaces named, or for all that are configured. */
function eachNamespace(
  tool: Tool,
  words: readonly string[],
  flags: readonly string[],
  action: (ns: number) => number,
): ToolResult {
  const { options, rest } = parseArgv('ndctl', words, ['-r'], flags);
  const [name] = rest;
  if (name === undefined || rest.length > 1) throw new BadOperation('ndctl: one namespace, or "all"');
  const { state } = tool.session;
  const only = options.has('-r') ? regionNamed(tool.session, options.get('-r')!)[0] : -1;
  let count = 0;
  let rc = name === 'all' ? 0 : -tool.session.kernel.errno.ENXIO;
  const named = [...state.nd_namespace].map(([key, ns]) => ({ key, ns, name: nameOf(ns) }));
  // the library's order: the directories of regions, then those of namespaces, the last one first
  named.sort((a, b) =>
    a.ns.region === b.ns.region
      ? kernfs_order(b.name, a.name)
      : kernfs_order(`region${b.ns.region}`, `region${a.ns.region}`),
  );
  for (const { key, ns, name: own } of named) {
    if (only >= 0 && ns.region !== only) continue;
    if (name === 'all' ? ns.size === 0 && ns.uuid === '' : name !== own) continue;
    rc = action(key);
    if (rc === 0) count++;
  }
  return tool.done(rc, count);
}

const nameOf = ({ region, id }: nd_namespace): string => `namespace${region}.${id}`;

/** 0 also if an instance holds the namespace instead. The error of the probe is lost. */
function enable(tool: Tool, key: number): number {
  const { kernel, state } = tool.session;
  const ns = state.nd_namespace.get(key)!;
  if (ns.bound) return 0;
  const rc = tool.call(kernel.bind_store('nd_pmem', nameOf(ns)));
  const claimed = state.nd_pfn.get(ns.claim)?.bound ?? false;
  return rc === 0 || claimed ? 0 : -kernel.errno.ENXIO;
}

/** Removes the instance that claims the namespace, and unbinds the driver of the namespace. */
function disable(tool: Tool, key: number): number {
  const { kernel, state } = tool.session;
  const ns = state.nd_namespace.get(key)!;
  const { claim } = ns;
  const claimant = state.nd_pfn.get(claim);
  if (claimant) {
    if (claimant.bound) tool.call(kernel.unbind_store(DRIVER[claimant.kind], nd_pfn_name(claimant)));
    tool.call(kernel.nd_namespace_store(claim, '\n'));
  }
  if (ns.bound) tool.call(kernel.unbind_store('nd_pmem', nameOf(ns)));
  return 0;
}

const DRIVER = { pfn: 'nd_pmem', btt: 'nd_pmem', dax: 'dax_pmem' } as const;

/** Disables a namespace, unless it is in use as system RAM. */
function disableSafe(tool: Tool, ns: number): number {
  if (activeMemory(tool.session, ns)) return -tool.session.kernel.errno.EBUSY;
  return disable(tool, ns);
}

/** Zeroes the info block through the raw device, which is bound for that and then released. */
function zeroInfoBlock(tool: Tool, ns: number): void {
  const namespace = tool.session.state.nd_namespace.get(ns)!;
  namespace.force_raw = true;
  if (enable(tool, ns) === 0) tool.call(none(erase(tool, ns)));
  namespace.force_raw = false;
  disable(tool, ns);
}

function* erase(tool: Tool, ns: number) {
  yield* tool.session.kernel.$zero_info_block(ns);
}

function prepReconfig(tool: Tool, ns: number, force: boolean): number {
  const namespace = tool.session.state.nd_namespace.get(ns)!;
  if ((namespace.bound || namespace.claim >= 0) && !force) return -tool.session.kernel.errno.EBUSY;
  const rc = disableSafe(tool, ns);
  if (rc) return rc;
  namespace.claim_class = 'none';
  zeroInfoBlock(tool, ns);
  return 0;
}

function destroy(tool: Tool, ns: number): number {
  const rc = prepReconfig(tool, ns, true);
  if (rc || tool.session.state.nd_namespace.get(ns)!.io) return rc;
  return deleteNamespace(tool, ns);
}

function deleteNamespace(tool: Tool, ns: number): number {
  const rc = tool.call(tool.session.kernel.size_store(ns, 0));
  return rc === -tool.session.kernel.errno.ENXIO ? 0 : rc;
}

function createNamespace(tool: Tool, words: readonly string[]): ToolResult {
  const { options, rest } = parseArgv('ndctl', words, ['-r', '-e', '-m', '-M', '-s', '-a'], ['-f']);
  if (rest.length) throw new BadOperation(`ndctl create-namespace: ${rest[0]} is one word too many`);
  const { state, kernel } = tool.session;
  const { ENODEV, ENOSPC, EAGAIN } = kernel.errno;
  const again = options.get('-e');
  if (again !== undefined) {
    const match = /^namespace(\d+)\.(\d+)$/.exec(again);
    const key = match ? nd_namespace_key(Number(match[1]), Number(match[2])) : -1;
    if (!state.nd_namespace.has(key)) return tool.done(-ENODEV, null);
    return tool.done(reconfigure(tool, key, options), null);
  }
  const regions = options.has('-r')
    ? [regionNamed(tool.session, options.get('-r')!)[0]]
    : [...state.nd_region.keys()].sort((a, b) => a - b);
  let rc = -ENODEV;
  for (const region of regions) {
    rc = createIn(tool, region, options);
    if (rc !== -EAGAIN) break;
  }
  if (rc === -EAGAIN) rc = -ENOSPC;
  // an error that the tool has explained keeps its errno
  if (rc < 0 && tool.said.length === 0) rc = -ENODEV;
  return tool.done(rc, null);
}

type Options = ReadonlyMap<string, string>;

/** Parses a size. The tool rejects what it cannot parse before it reads any region. */
function sizeOption(options: Options, name: '-s' | '-a'): number | undefined {
  const text = options.get(name);
  if (text === undefined) return undefined;
  const size = parseSize(text);
  if (size === undefined) throw new BadOperation(`ndctl: ${name} ${JSON.stringify(text)} is not a size`);
  return size;
}

function mapOption(options: Options): Parameters['map'] {
  const text = options.get('-M') ?? 'dev';
  if (text !== 'mem' && text !== 'dev') {
    throw new BadOperation(`ndctl: -M ${JSON.stringify(text)} is neither mem nor dev`);
  }
  return text === 'mem' ? 'ram' : 'pmem';
}

/** The parameters, or a negative errno. -EAGAIN: the tool tries the next region. */
function validate(
  tool: Tool,
  region: number,
  ns: nd_namespace | null,
  options: Options,
): Parameters | number {
  const { state, kernel } = tool.session;
  const { EINVAL, EAGAIN } = kernel.errno;
  const ndRegion = state.nd_region.get(region)!;
  if (!ndRegion.enabled) return -EAGAIN;
  let size = sizeOption(options, '-s') ?? ns?.size ?? 0;
  if (!ns) {
    const available = ndRegion.labels === null ? ndRegion.size : allocatable_dpa.run(state, region);
    if (!available || size > available) return -EAGAIN;
    if (size === 0) size = available;
  }
  if (ndRegion.labels === null && size !== ndRegion.size) {
    tool.say('Legacy / label-less namespaces do not support sub-dividing a region');
    return -EINVAL;
  }
  const mode = (options.get('-m') ?? 'fsdax') as Mode;
  if (!(mode in CLAIM)) throw new BadOperation(`ndctl: mode ${mode} is not modelled`);
  const pages = mode === 'fsdax' || mode === 'devdax';
  // a new instance has the alignment of a PMD; the tool takes pages where the region is not aligned to that
  const whole = pages && ndRegion.start % kernel.c.PMD_SIZE === 0;
  const align = sizeOption(options, '-a') ?? (whole ? kernel.c.PMD_SIZE : kernel.c.PAGE_SIZE);
  if (options.has('-a') && !nd_pfn_supported_alignments(kernel.c).includes(align)) {
    tool.say(`unsupported align: ${options.get('-a')}`);
    return -kernel.errno.ENXIO;
  }
  if (size % ndRegion.align) {
    const text = `align setting is 0x${ndRegion.align.toString(16)} size 0x${size.toString(16)} is misaligned`;
    tool.say(`region${region}: ${text}`);
    return -EINVAL;
  }
  if (size % align) {
    tool.say(`'--size=' must align to interleave-width: 1 and alignment: ${align}`);
    return -EINVAL;
  }
  if (size < SZ_16M && mode !== 'raw') {
    if (!options.has('-s')) return -EAGAIN;
    tool.say(`'--size=' must be >= 16MiB for '${mode}' mode`);
    return -EINVAL;
  }
  const map = mapOption(options);
  return { size, mode, map, align, force: options.has('-f') };
}

function createIn(tool: Tool, region: number, options: Options): number {
  const { state } = tool.session;
  const p = validate(tool, region, null, options);
  if (typeof p === 'number') return p;
  const seed = state.nd_region.get(region)!.ns_seed;
  const key = [0, seed]
    .map((id) => nd_namespace_key(region, id))
    .find((at) => state.nd_namespace.get(at)?.size === 0);
  if (key === undefined) return -tool.session.kernel.errno.EAGAIN;
  const rc = setupNamespace(tool, key, p);
  if (rc) {
    const namespace = state.nd_namespace.get(key)!;
    namespace.claim_class = 'none';
    deleteNamespace(tool, key);
  }
  return rc;
}

function reconfigure(tool: Tool, key: number, options: Options): number {
  const namespace = tool.session.state.nd_namespace.get(key)!;
  const p = validate(tool, namespace.region, namespace, options);
  if (typeof p === 'number') return p;
  const rc = prepReconfig(tool, key, p.force);
  return rc || setupNamespace(tool, key, p);
}

/** The uuid that the tool makes up: a number for each region, so that runs can be repeated. */
function newUuid({ state }: Session, region: number): string {
  const all = [
    ...state.nd_namespace.values(),
    ...state.nd_pfn.values(),
    ...state.nd_region.get(region)!.media,
  ];
  const last = Math.max(0, ...all.map(({ uuid }) => Number.parseInt(uuid.slice(-12), 16) || 0));
  return `00000000-0000-0000-0000-${(last + 1).toString(16).padStart(12, '0')}`;
}

function setupNamespace(tool: Tool, key: number, p: Parameters): number {
  const { kernel, state } = tool.session;
  const namespace = state.nd_namespace.get(key)!;
  const name = nameOf(namespace);
  const { region } = namespace;
  if (!namespace.io) {
    let rc = tool.call(kernel.uuid_store(key, newUuid(tool.session, region)));
    if (rc === 0) rc = tool.call(kernel.size_store(key, p.size));
    if (rc) {
      tool.say(`${name}: set_size failed`);
      return rc;
    }
  }
  const carved = nd_file(state, `/sys/bus/nd/devices/${name}/mode`, kernel) === 'memory\n';
  const kind = CLAIM[p.mode];
  namespace.claim_class = kind;
  // such a namespace has struct pages in RAM without an instance
  if (kind === 'none' || (kind === 'pfn' && p.map === 'ram' && carved)) return enable(tool, key);
  if (kind !== 'btt') {
    const start = state.nd_region.get(region)!.start + namespace.offset;
    // error() and not err(): the exit code does not hold this errno
    if (start % SZ_16M && !p.force) return -kernel.errno.EINVAL;
  }
  const seed = state.nd_region.get(region)![`${kind}_seed`];
  const instance = state.nd_pfn.get(seed);
  if (!instance) return -kernel.errno.ENXIO;
  instance.uuid = newUuid(tool.session, region);
  if (kind !== 'btt') {
    tool.call(kernel.$pfn_mode_store(seed, p.map));
    const rc = tool.call(kernel.$pfn_align_store(seed, String(p.align)));
    if (rc) return rc;
  }
  const rc = tool.call(kernel.nd_namespace_store(seed, name));
  if (rc) return rc;
  if (tool.call(kernel.bind_store(DRIVER[kind], nd_pfn_name(instance))) === 0) return 0;
  tool.call(kernel.nd_namespace_store(seed, '\n'));
  return -kernel.errno.ENXIO;
}
