import { type Element, h, type Node } from '../page/element.ts';
import { HATCH } from './hatch.ts';

/** A line of a drawing: a label, indented below what contains it, a bar, and what is said of it. */
export interface Band {
  readonly depth: number;
  readonly label: string;
  /** The part of the width that the bar takes, 0 to 1; undefined: no bar. */
  readonly from?: number;
  readonly to?: number;
  readonly kind: string;
  readonly text: string;
}

export interface Bands {
  readonly title: string;
  readonly bands: readonly Band[];
  /** What the kinds of bars mean: a letter for text, a class for a drawing. */
  readonly legend: readonly {
    readonly kind: string;
    readonly letter: string;
    readonly class: string;
    readonly text: string;
  }[];
}

const COLUMNS = 40;

/** Bands for a terminal. */
export function bandsText({ title, bands, legend }: Bands): string {
  const letter = (kind: string): string => legend.find((one) => one.kind === kind)?.letter ?? '#';
  const labels = bands.map(({ depth, label }) => `${'  '.repeat(depth)}${label}`);
  const width = Math.max(0, ...labels.map((text) => text.length));
  const barred = bands.some(({ from }) => from !== undefined);
  const lines = bands.map(({ from, to, kind, text }, i) => {
    const at = from === undefined ? 0 : Math.min(COLUMNS - 1, Math.floor(from * COLUMNS));
    const end = from === undefined ? 0 : Math.max(at + 1, Math.round(to! * COLUMNS));
    const bar = ' '.repeat(at) + letter(kind).repeat(end - at);
    return `${labels[i]!.padEnd(width)}  ${barred ? `|${bar.padEnd(COLUMNS)}|  ` : ''}${text}`.trimEnd();
  });
  const said = legend.filter(({ kind }) => bands.some((band) => band.kind === kind));
  return [title, ...lines, said.map(({ letter, text }) => `${letter} ${text}`).join('; '), ''].join('\n');
}

const ROW = 22;
const BAR = 360;
const LEGEND = 150;

/** The same as a drawing. */
export function bandsDrawing({ title, bands, legend }: Bands): Element {
  const classOf = (kind: string): string => legend.find((one) => one.kind === kind)?.class ?? 'zone-none';
  const label = 20 + 7.8 * Math.max(12, ...bands.map(({ depth, label }) => depth * 2 + label.length));
  const barred = bands.some(({ from }) => from !== undefined);
  const text = label + (barred ? BAR + 12 : 8);
  const said = legend.filter(({ kind }) => bands.some((band) => band.kind === kind));
  const width = Math.max(
    Math.ceil(text + 7 * Math.max(20, ...bands.map((band) => band.text.length))),
    20 + said.length * LEGEND,
  );
  const rows = bands.map((band, i): Node => {
    const y = 30 + i * ROW;
    const from = band.from ?? 0;
    return [
      h('text', { x: 10 + band.depth * 14, y: y + 14, class: 'mono' }, band.label),
      band.from === undefined
        ? null
        : h(
            'g',
            {},
            h('rect', { x: label, y: y + 3, width: BAR, height: 14, fill: 'none', class: 'frame' }),
            h('rect', {
              x: label + from * BAR,
              y: y + 3,
              width: Math.max(2, (band.to! - from) * BAR),
              height: 14,
              class: `cell ${classOf(band.kind)}`,
            }),
          ),
      h('text', { x: text, y: y + 14 }, band.text),
    ];
  });
  const bottom = 36 + bands.length * ROW;
  return h(
    'svg',
    { viewBox: `0 0 ${width} ${bottom + 24}`, width, height: bottom + 24, role: 'img', 'aria-label': title },
    said.some((one) => one.class === 'offline') ? HATCH : null,
    h('text', { x: 10, y: 18 }, title),
    rows,
    said.map((one, i) => [
      h('rect', { x: 10 + i * LEGEND, y: bottom, width: 14, height: 14, class: `cell ${one.class}` }),
      h('text', { x: 30 + i * LEGEND, y: bottom + 11 }, `${one.letter} ${one.text}`),
    ]),
  );
}
