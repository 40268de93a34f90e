import { BadOperation } from '../../errors/bad-operation.ts';
import type { dev_dax } from '../../kernel/state.ts';
import type { Session } from '../running/session.ts';
import { parseArgv, Tool, type ToolResult } from './tool.ts';

/** The parts of the daxctl tool (v76) that drive the kernel. */

/** @throws BadOperation for a command or option that is not modelled */
export function daxctl(session: Session, argv: readonly string[]): ToolResult {
  const [command, ...words] = argv;
  const tool = new Tool(session);
  switch (command) {
    case 'reconfigure-device':
      return reconfigureDevice(tool, words);
    case 'disable-device':
      return eachDevice(tool, words, (key, dax) => disableDevice(tool, key, dax));
    case 'offline-memory':
      return eachDevice(tool, words, (key) => setMemory(tool, key, 'offline'));
    case 'online-memory':
      return eachDevice(tool, words, (key) => setMemory(tool, key, 'online_movable'));
    default:
      throw new BadOperation(`daxctl ${command ?? ''}: not modelled`);
  }
}

function onlyDevice(session: Session, [name, more]: readonly string[]): [number, dev_dax] {
  if (name === undefined) throw new BadOperation('daxctl: names no device');
  if (more !== undefined) throw new BadOperation(`daxctl: ${more} is one word too many`);
  for (const [key, dax] of session.state.dev_dax) if (dax.name === name) return [key, dax];
  throw new BadOperation(`daxctl: there is no ${JSON.stringify(name)}`);
}

function eachDevice(
  tool: Tool,
  words: readonly string[],
  action: (key: number, dax: dev_dax) => number,
): ToolResult {
  const { rest } = parseArgv('daxctl', words, [], []);
  const [key, dax] = onlyDevice(tool.session, rest);
  const rc = action(key, dax);
  return tool.done(rc, rc === 0 ? 1 : 0);
}

/** The memory blocks of an instance that is system RAM, ascending. */
function blocksOf(session: Session, key: number): number[] {
  const dax = session.state.dev_dax.get(key);
  if (dax?.driver !== 'kmem') return [];
  const block = session.kernel.c.memory_block_size_bytes;
  const ids: number[] = [];
  for (const { start, size } of dax.ranges) {
    const end = Math.floor((start + size) / block);
    for (let id = Math.ceil(start / block); id < end; id++)
      if (session.state.memory_block.has(id)) ids.push(id);
  }
  return ids.sort((a, b) => a - b);
}

const isOnline = (session: Session, id: number): boolean => !session.state.memory_block.get(id)!.offline;

/** Whether a block of the instance is online. */
export const activeMemory = (session: Session, key: number): boolean =>
  blocksOf(session, key).some((id) => isOnline(session, id));

function setMemory(tool: Tool, key: number, state: 'offline' | 'online_movable'): number {
  const blocks = blocksOf(tool.session, key);
  const todo = blocks.filter((id) => isOnline(tool.session, id) === (state === 'offline'));
  let rc = 0;
  for (const id of todo) rc = tool.write(`/sys/devices/system/memory/memory${id}/state`, state) || rc;
  return rc;
}

function disableDevice(tool: Tool, key: number, dax: dev_dax): number {
  if (dax.driver === 'kmem') {
    tool.say(`${dax.name}: status operations are only applicable in devdax mode`);
    return -tool.session.kernel.errno.ENXIO;
  }
  return unbind(tool, key);
}

function unbind(tool: Tool, key: number): number {
  const { kernel, state } = tool.session;
  const { name, driver } = state.dev_dax.get(key)!;
  if (driver !== 'none') tool.call(kernel.unbind_store(driver, name));
  return driver === 'kmem' ? tool.call(kernel.remove_id_store('kmem', name)) : 0;
}

/** new_id makes the driver probe the instance; bind repeats the probe if that had no effect. */
function bind(tool: Tool, key: number, driver: 'device_dax' | 'kmem'): number {
  const { kernel, state } = tool.session;
  const { name } = state.dev_dax.get(key)!;
  tool.call(kernel.new_id_store(driver, name));
  if (state.dev_dax.get(key)!.driver === driver) return 0;
  return tool.call(kernel.bind_store(driver, name));
}

function reconfigureDevice(tool: Tool, words: readonly string[]): ToolResult {
  const { options, rest } = parseArgv('daxctl', words, ['-m'], ['-N', '-f']);
  const [key, dax] = onlyDevice(tool.session, rest);
  const mode = options.get('-m');
  if (mode === undefined) throw new BadOperation('daxctl reconfigure-device: needs --mode');
  if (mode !== 'system-ram' && mode !== 'devdax')
    throw new BadOperation(`daxctl: mode ${mode} is not modelled`);
  const rc = mode === 'devdax' ? toDevdax(tool, key, dax, options) : toSystemRam(tool, key, dax, options);
  return tool.done(rc, rc === 0 ? 1 : 0);
}

function toSystemRam(tool: Tool, key: number, dax: dev_dax, options: ReadonlyMap<string, string>): number {
  if (!options.has('-f') && tool.session.state.vars.get(0)!.mhp_default_online_type > 0) {
    tool.say(`${dax.name}: error: kernel policy will auto-online memory, aborting`);
    return -tool.session.kernel.errno.EBUSY;
  }
  if (dax.driver !== 'kmem') {
    if (dax.driver === 'device_dax') unbind(tool, key);
    const rc = bind(tool, key, 'kmem');
    if (rc) {
      tool.say(`${dax.name}: failed to enable`);
      return rc;
    }
  }
  return options.has('-N') ? 0 : setMemory(tool, key, 'online_movable');
}

function toDevdax(tool: Tool, key: number, dax: dev_dax, options: ReadonlyMap<string, string>): number {
  if (dax.driver === 'kmem') {
    if (options.has('-f')) {
      const rc = setMemory(tool, key, 'offline');
      if (rc) return -tool.session.kernel.errno.ENXIO;
    }
    if (activeMemory(tool.session, key)) return -tool.session.kernel.errno.EBUSY;
    unbind(tool, key);
  } else if (dax.driver === 'device_dax') return 0;
  return bind(tool, key, 'device_dax');
}
