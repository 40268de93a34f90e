import { mkdirSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { type Counts, count, noCounts } from './counts.ts';
import { nameFor } from './known.ts';
import { disagreements } from './representations.ts';
import { nameOf, shrink } from './shrink.ts';
import { type Alarm, type Document, takeWalk, type WalkOptions } from './walk.ts';

/** A separate process that takes walks, because one may never end. */

/** Walk `index`, and whether to write scenarios of alarms without a name to a folder. */
export interface Order extends WalkOptions {
  readonly folder: string;
}

/** Every so many walks one is told in several ways. */
const RETOLD = 10;
/** And one without batch forms, on x86-64: on arm64 that takes minutes. */
const EXACT = 200;

const shrunk = new Set<string>();

/** The scenario as a file for `mhp run` and `mhp check`. */
function fileOf(document: Document, { kind, subjects, text }: Alarm): string {
  const told = kind === 'exception' || kind === 'disagreement';
  const { message: _, lines: __, ...roles } = subjects;
  const words = Object.entries(roles).filter(([, value]) => typeof value === 'string');
  const failure = told ? {} : { failure: { kind, subjects: Object.fromEntries(words) } };
  const [first = ''] = text.split('\n');
  return `# ${first}\n${stringify({ ...failure, ...document })}`;
}

/** Takes a walk and counts what it met. The first walk with an alarm without a name is written as a scenario. */
function take({ folder, ...options }: Order): Counts {
  const counts = noCounts();
  const walk = takeWalk(options);
  const { index } = options;
  const exact = index % EXACT === 0 && walk.document.machine.arch === 'x86_64';
  const alarms = [...walk.alarms, ...(index % RETOLD === 0 ? disagreements(walk, exact) : [])];
  count(counts, { ...walk, alarms }, index);
  for (const alarm of alarms) {
    const name = nameOf(alarm);
    if (nameFor(walk.document, alarm) !== null || shrunk.has(name)) continue;
    shrunk.add(name);
    const document = alarm.kind === 'disagreement' ? walk.document : shrink(walk.document, alarm);
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/walk-${options.seed}-${index}-${shrunk.size}.yaml`, fileOf(document, alarm));
  }
  return counts;
}

process.on('message', (order: Order) => void process.send!(take(order)));
