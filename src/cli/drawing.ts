import type { Command } from 'commander';
import type { Bands } from '../report/drawing/bands.ts';
import type { MapData } from '../report/drawing/block-map.ts';
import { checkOutput, saveWhole } from './files/output.ts';

export interface DrawingFlags {
  readonly draw?: boolean;
  readonly svg?: string;
}

/** Adds the options of a drawing; `what` is drawn. */
export const drawingOptions = (command: Command, what: string): Command =>
  command
    .option('--draw', `draw ${what} on the terminal`)
    .option('--svg <file>', `write a drawing of ${what} as SVG`);

/** Checks before the work that the drawing can be written. */
export function checkDrawing({ svg }: DrawingFlags): void {
  if (svg !== undefined) checkOutput(svg);
}

/** A drawing as text and as SVG, each made when it is asked for. */
export interface Drawn {
  readonly text: () => string;
  readonly svg: () => string;
}

/** Draws what the flags ask for. Whether the terminal has the drawing, in place of what the command prints otherwise. */
export async function drawn(flags: DrawingFlags, drawing: () => Promise<Drawn>): Promise<boolean> {
  if (flags.svg === undefined && !flags.draw) return false;
  const { text, svg } = await drawing();
  if (flags.svg !== undefined) saveWhole(flags.svg, svg());
  if (flags.draw) process.stdout.write(text());
  return flags.draw ?? false;
}

/** A map of memory blocks. */
export async function blockDrawing(map: MapData, title: string): Promise<Drawn> {
  const { blockMapText } = await import('../report/drawing/block-text.ts');
  const { blockMapSvg } = await import('../report/drawing/block-svg.ts');
  return { text: () => blockMapText(map), svg: () => blockMapSvg(map, title) };
}

/** Bands: a layout, page tables, struct pages. */
export async function bandsDrawn(bands: Bands): Promise<Drawn> {
  const { bandsDrawing, bandsText } = await import('../report/drawing/bands.ts');
  const { standalone } = await import('../report/drawing/svg.ts');
  return { text: () => bandsText(bands), svg: () => standalone(bandsDrawing(bands)) };
}
