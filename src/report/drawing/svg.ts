import { type Element, h, markup } from '../page/element.ts';
import { DRAWING_STYLE } from '../page/style.ts';

/** A drawing as a file of its own. */
export const standalone = ({ tag, attributes, children }: Element): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${markup(
    h(
      tag,
      { xmlns: 'http://www.w3.org/2000/svg', ...attributes },
      h('style', {}, DRAWING_STYLE),
      ...children,
    ),
  )}\n`;
