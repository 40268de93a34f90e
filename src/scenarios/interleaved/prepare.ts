import type { Model } from '../../boot/boot.ts';
import { BadOperation } from '../../errors/bad-operation.ts';
import { namedIn } from '../../interleave/object-names.ts';
import { type RunEvent, Runner } from '../../schedule/runner.ts';
import { errnoName, isErrno } from '../../steps/errno.ts';
import type { Within } from '../../steps/within.ts';
import type { Scenario } from '../format/read.ts';
import { runScenario } from '../running/run-scenario.ts';
import { Session } from '../running/session.ts';
import { truth } from './expression.ts';
import { scopeOf } from './names.ts';
import { type Names, perform, valueIn } from './perform-lines.ts';
import type { ThreadLine } from './read.ts';

/** Whether a later line of `lines` is an `expect` that names the result of `lines[i]`. */
function isExpected(lines: readonly ThreadLine[], i: number): boolean {
  const line = lines[i]!;
  if (line.kind !== 'call' || line.into === null) return false;
  const named = new RegExp(`\\b${line.into}\\b`);
  return lines.slice(i + 1).some((later) => later.kind === 'expect' && named.test(later.text));
}

/** What the kernel says of an event, for a line that was to do its work in silence; null if it says nothing. */
function saidBy(event: RunEvent): string | null {
  if (event.kind === 'printk') return event.level <= KERN_WARNING ? `prints "${event.text}"` : null;
  const where = 'where' in event && /^\w+$/.test(event.where) ? `${event.where}()` : '';
  return [EVENT[event.kind], where, event.text].filter(Boolean).join(': ');
}
const KERN_WARNING = 4;
const EVENT = { warn: 'WARN', bug: 'BUG', lock: 'lock' };

/**
 * Runs the lines that prepare the state before the threads begin. A line that fails, or that the kernel has something to
 * say about, prepares another state than its author thinks.
 * @throws BadOperation for such a line, if no later line expects its result
 */
export function prepare(model: Model, scenario: Scenario, names: Names): void {
  const session = new Session(model);
  for (const { failures } of runScenario(scenario, session, { check: false }))
    if (failures[0]) throw new BadOperation(`${scenario.file}: steps: ${failures[0].text}`);
  const runner = new Runner(model.state, {}, namedIn(model.state));
  const lines = scenario.interleaved!.before;
  for (const [i, line] of lines.entries()) {
    const { file, place } = line.wrong('');
    const refused = (what: string): BadOperation =>
      new BadOperation(`${file}: ${place}: ${line.text}: ${what}`);
    let result: unknown;
    const noting: Within = function* (_fn, steps) {
      const value = yield* steps;
      result = value;
      return value;
    };
    const { ended, events } = runner.run(perform(model.kernel, [line], names, noting));
    const expected = isExpected(lines, i);
    const said = events.map(saidBy).find((one) => one !== null);
    if (line.kind === 'expect' && ended !== 'returned') throw refused('does not hold');
    if (ended !== 'returned') throw refused(said ?? ended);
    if (expected) continue;
    if (said !== undefined) throw refused(said);
    if (typeof result === 'number' && isErrno(result))
      throw refused(
        `returns -${errnoName(result)}; if that is meant: "ret = ${line.text}", "expect ret == ${result}"`,
      );
    if (line.kind === 'need' && !truth(valueIn(line, line.value, scopeOf(model.kernel.c, names))))
      throw refused('does not hold');
  }
}
