import type { Failure } from '../../steps/failure.ts';
import type { View } from '../semantics/view.ts';
import type { Monitor } from './monitor.ts';

/** A condition that must hold in every state. */
export function always(name: string, holds: (view: View) => boolean): Monitor {
  return { name, state: (view) => (holds(view) ? undefined : broken(name, `${name} does not hold`)) };
}

/** A condition that must hold once every thread has ended. */
export function atEnd(name: string, holds: (view: View) => boolean): Monitor {
  return {
    name,
    end: (view) => (holds(view) ? undefined : broken(name, `${name} does not hold at the end`)),
  };
}

const broken = (invariant: string, text: string): Failure => ({
  kind: 'invariant',
  subjects: { invariant },
  text,
});
