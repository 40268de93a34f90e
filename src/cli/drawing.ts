import { extname } from 'node:path';
import type { Command } from 'commander';
import { InputError, quote } from '../errors/input-error.ts';
import type { Bands } from '../report/drawing/bands.ts';
import type { MapData } from '../report/drawing/block-map.ts';
import type { Element } from '../report/page/element.ts';
import { checkOutput, saveWhole } from './files/output.ts';
import { list } from './option-values.ts';

export interface DrawingFlags {
  readonly draw?: boolean;
  readonly svg?: string;
  readonly filter?: readonly string[];
  readonly fold?: boolean;
}

/** Adds the options of a drawing; `what` is drawn, `words` are those of its filter. */
export const drawingOptions = (command: Command, what: string, words = 'node1, offline, Movable, 32..47') =>
  command
    .option('--draw', `draw ${what} on the terminal`)
    .option('--svg <file>', `write a drawing of ${what}; the extension says how: .svg, .txt or .html`)
    .option('--filter <words>', `draw only this: ${words}`, list)
    .option('--no-fold', 'draw equal rows, too');

const FORMATS = ['.svg', '.txt', '.html', ''] as const;

const draws = ({ draw, svg }: DrawingFlags): boolean => draw === true || svg !== undefined;

/** Checks before the work that the drawing can be written. @throws InputError */
export function checkDrawing(flags: DrawingFlags): void {
  const { svg, filter, fold } = flags;
  if (!draws(flags) && (filter || fold === false))
    throw new InputError(filter ? '--filter' : '--no-fold', '', 'is for --draw and --svg');
  if (svg === undefined) return;
  if (!(FORMATS as readonly string[]).includes(extname(svg)))
    throw new InputError('--svg', '', `${quote(svg)} does not end in .svg, .txt or .html`);
  checkOutput(svg);
}

/** A drawing as text, and as an element of a page. */
export interface Drawn {
  readonly title: string;
  readonly text: () => string;
  readonly element: () => Element;
}

async function fileOf({ title, text, element }: Drawn, format: string): Promise<string> {
  if (format === '.txt') return text();
  if (format === '.html') {
    const { drawingPage } = await import('../report/page/drawing-page.ts');
    return drawingPage(title, element());
  }
  const { standalone } = await import('../report/drawing/svg.ts');
  return standalone(element());
}

/** Draws what the flags ask for. Whether the terminal has the drawing, in place of what the command prints otherwise. */
export async function drawn(flags: DrawingFlags, drawing: () => Promise<Drawn>): Promise<boolean> {
  if (!draws(flags)) return false;
  const made = await drawing();
  if (flags.svg !== undefined) saveWhole(flags.svg, await fileOf(made, extname(flags.svg)));
  if (flags.draw) process.stdout.write(made.text());
  return flags.draw ?? false;
}

/** A map of memory blocks. */
export async function blockDrawing(whole: MapData, title: string, flags: DrawingFlags): Promise<Drawn> {
  const { filterMap } = await import('./drawing-filter.ts');
  const { blockMapText } = await import('../report/drawing/block-text.ts');
  const { blockMap } = await import('../report/drawing/block-svg.ts');
  const map = flags.filter ? filterMap(whole, flags.filter) : whole;
  const { fold } = flags;
  return {
    title,
    text: () => blockMapText(map, { fold }),
    element: () => blockMap(map, title, { fold }),
  };
}

/** Bands: a layout, page tables, struct pages. */
export async function bandsDrawn(whole: Bands, flags: DrawingFlags): Promise<Drawn> {
  const { filterBands } = await import('./drawing-filter.ts');
  const { bandsDrawing, bandsText } = await import('../report/drawing/bands.ts');
  const bands = flags.filter ? filterBands(whole, flags.filter) : whole;
  return { title: bands.title, text: () => bandsText(bands), element: () => bandsDrawing(bands) };
}
