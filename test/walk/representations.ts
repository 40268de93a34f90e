import { isDeepStrictEqual } from 'node:util';
import { parse, stringify } from 'yaml';
import { boot } from '../../src/boot/boot.ts';
import { machineOf } from '../../src/machines/read.ts';
import { MemTree } from '../../src/machines/sources/mem-tree.ts';
import { findRelease } from '../../src/releases/index.ts';
import { memoryJson, memoryMap } from '../../src/report/blocks/memory-map.ts';
import { stepData } from '../../src/report/data/run-data.ts';
import { stepText } from '../../src/report/run/scenario.ts';
import type { StepOutcome } from '../../src/scenarios/running/run-scenario.ts';
import { Session } from '../../src/scenarios/running/session.ts';
import { type Alarm, type Document, type Played, play, type Walk } from './walk.ts';

/** One walk told in several ways, all of which must say the same. */

/** The roots of what is rendered and read again. */
const ROOTS = [
  '/sys/devices/system/memory',
  '/sys/devices/system/node',
  '/sys/module/memory_hotplug/parameters',
];
const FILES = [
  '/proc/iomem',
  '/proc/zoneinfo',
  '/sys/kernel/debug/memblock/memory',
  '/sys/kernel/debug/memblock/reserved',
];

/** Every modelled file below the roots, as text; links as their targets. */
function rendered(session: Session): Map<string, { readonly text: string } | { readonly target: string }> {
  const found = new Map<string, { readonly text: string } | { readonly target: string }>();
  const visit = (path: string): void => {
    const entry = session.read(path);
    if (entry === null) return;
    if (entry.kind === 'file') found.set(path, { text: entry.text });
    else if (entry.kind === 'link') found.set(path, { target: entry.target });
    else for (const name of entry.names) visit(`${path}/${name}`);
  };
  for (const path of [...ROOTS, ...FILES]) visit(path);
  return found;
}

/** A machine that our readers read from what the session renders, booted. */
function reread(session: Session, { machine, release }: Document): Session {
  const tree = new MemTree('what the walk left');
  for (const [path, entry] of rendered(session)) {
    if ('text' in entry) tree.addFile(path, entry.text);
    else tree.addLink(path, entry.target);
  }
  const known = { arch: machine.arch, page_size: session.kernel.c.PAGE_SIZE, release };
  const { boot_options: options = '' } = machine as { readonly boot_options?: string };
  tree.addFile('/proc/cmdline', `${options}\n`);
  const again = { ...machineOf({ tree }, 'what the walk left', known), va_bits: session.kernel.c.t.va_bits };
  return new Session(boot(again, findRelease(release)!));
}

/** Files that a reader must bring back byte for byte: what is in memory, and where, but not how much of it is free. */
const KEPT =
  /\/(state|online|phys_index|cpulist|block_size_bytes|auto_online_blocks|online_policy|node\d+|memory\d+)$|^\/proc\/iomem$|memblock/;

function notReread(walk: Walk): string[] {
  const { session, document } = walk;
  const [before, after] = [rendered(session!), rendered(reread(session!, document))];
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter(
    (path) => KEPT.test(path) && !isDeepStrictEqual(before.get(path), after.get(path)),
  );
}

/** A scenario as the file that it is written to says. */
const asRead = (document: Document): Document => parse(stringify(document)) as Document;

const withoutWork = (outcomes: readonly StepOutcome[]): unknown[] =>
  outcomes.map(({ steps: _, ...rest }) => rest);

/** The first step with another outcome; -1 if there is none. */
function firstOther(a: Played, b: Played): number {
  const [x, y] = [withoutWork(a.outcomes), withoutWork(b.outcomes)];
  const at = x.findIndex((outcome, i) => !isDeepStrictEqual(outcome, y[i]));
  return at >= 0 ? at : y.length > x.length ? x.length : -1;
}

/** What is printed of the walk, as text and as JSON, without undefined, NaN or anything that JSON loses. */
function printed({ outcomes, session }: Walk): boolean {
  for (const outcome of outcomes) {
    const json = stepData(outcome, {});
    if (!isDeepStrictEqual(JSON.parse(JSON.stringify(json)), json)) return false;
    if (/undefined|NaN|\[object /.test(stepText(outcome, (text) => text))) return false;
  }
  const { memory_block } = session!.state;
  const listed = memoryJson(session!) as readonly { readonly size: number }[];
  const size = listed.reduce((sum, block) => sum + block.size, 0);
  return size === memory_block.size * session!.kernel.c.memory_block_size_bytes && memoryMap(session!) !== '';
}

/**
 * What two ways of telling the walk disagree on: run again from its file, as printed, as read from the rendered /proc
 * and /sys. `exact`: also without batch forms, which takes longer.
 */
export function disagreements(walk: Walk, exact: boolean): Alarm[] {
  const found: Alarm[] = [];
  const { document, session } = walk;
  if (session === null || walk.alarms.some(({ kind }) => kind === 'exception')) return found;
  const disagree = (what: string, step: number, text: string): void => {
    const operation = Object.keys(document.steps[step] ?? {})[0];
    found.push({ step, kind: 'disagreement', subjects: { what, ...(operation && { operation }) }, text });
  };
  try {
    if (!printed(walk)) disagree('printed', -1, 'what is printed is not what was found');
  } catch (error) {
    disagree('printed', -1, (error as Error).stack ?? '');
  }
  // a machine on which something is wrong already cannot be read again
  if (walk.alarms.some(({ kind }) => kind !== 'warn')) return found;
  const again = firstOther(walk, play(asRead(document)));
  if (again >= 0) disagree('run again', again, `step ${again + 1} has another outcome when it is run again`);
  if (exact) {
    const at = firstOther(walk, play(document, { explored: true }));
    if (at >= 0) disagree('batch forms', at, `step ${at + 1} has another outcome without batch forms`);
  }
  try {
    const files = notReread(walk);
    if (files.length) disagree('read again', -1, `not the same when read again: ${files.join(' ')}`);
  } catch (error) {
    disagree('read again', -1, (error as Error).stack ?? '');
  }
  return found;
}
