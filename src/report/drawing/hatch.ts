import { type Element, h } from '../page/element.ts';

/** The hatching of what is offline. */
export const HATCH: Element = h(
  'defs',
  {},
  h(
    'pattern',
    { id: 'hatch', width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    h('rect', { width: 6, height: 6, class: 'hatch-bg' }),
    h('rect', { width: 2.5, height: 6, class: 'hatch-fg' }),
  ),
);
