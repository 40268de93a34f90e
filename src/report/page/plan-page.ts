import type { AddPlan } from '../../answers/plan/add.ts';
import type { RemovePlan } from '../../answers/plan/remove.ts';
import { addPlanText } from '../answers/plan-add-text.ts';
import { removePlanText } from '../answers/plan-remove-text.ts';
import type { MapData } from '../drawing/block-map.ts';
import { blockMap } from '../drawing/block-svg.ts';
import { addPlanMap, removePlanMap } from '../drawing/plan-map.ts';
import { type AnswerAbout, answerPage, drawn, verbatim } from './answer-parts.ts';
import { h } from './element.ts';

/** Pages of `mhp plan`: the answer, a map with the plan in it, the report. */

/** The first line of a report, and the rest of it. */
function split(report: string): { readonly answer: string; readonly rest: string } {
  const at = report.indexOf('\n');
  return { answer: report.slice(0, at), rest: report.slice(at + 1).trim() };
}

export function addPlanPage(plan: AddPlan, map: MapData, about: AnswerAbout): string {
  const { answer, rest } = split(addPlanText(plan));
  return answerPage('mhp plan add', answer, about, [
    drawn(
      plan.accepted ? 'Memory blocks afterwards; new ones are framed' : 'Memory blocks as they are',
      blockMap(addPlanMap(map, plan), 'memory blocks', { hatch: false }),
    ),
    h('pre', {}, rest),
  ]);
}

export function removePlanPage(plan: RemovePlan, map: MapData, about: AnswerAbout): string {
  const { answer, rest } = split(removePlanText(plan));
  return answerPage('mhp plan remove', answer, about, [
    drawn(
      'Memory blocks; a number is a block’s place in the order, a corner marks those that stay',
      blockMap(removePlanMap(map, plan), 'memory blocks', { hatch: false }),
    ),
    h('pre', {}, rest),
    // the report counts what is many; a page has room
    verbatim('All commands', plan.commands.length > SHORT ? plan.commands.slice(0, MOST) : []),
  ]);
}

/** Commands of which the report shows all. */
const SHORT = 16;
/** Of a machine of terabytes there are tens of thousands. */
const MOST = 500;

/** The page of any other plan: its report. */
export function planPage(title: string, report: string, about: AnswerAbout): string {
  const { answer, rest } = split(report);
  return answerPage(title, answer, about, h('pre', {}, rest));
}
