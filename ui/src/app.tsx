import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { leaveAddress, setAddress } from './address.ts';
import type { Client } from './client.ts';
import { changed, type Fields, hashOf, type Place, placeOf, VIEWS, type View } from './link.ts';
import { CatalogueView } from './views/catalogue-view.tsx';
import { EditorView } from './views/editor-view.tsx';
import { ExplorerView } from './views/explorer-view.tsx';
import { MachineView } from './views/machine-view.tsx';
import { StoryView } from './views/story-view.tsx';
import type { ViewProps } from './views/view-props.ts';

const NAMES: Readonly<Record<View, string>> = {
  story: 'Story',
  machine: 'Machine',
  catalogue: 'Catalogue',
  editor: 'Scenario',
  explorer: 'Explorer',
};

const SHOWN: Readonly<Record<View, (props: ViewProps) => ReactNode>> = {
  story: StoryView,
  machine: MachineView,
  catalogue: CatalogueView,
  editor: EditorView,
  explorer: ExplorerView,
};

export function App({ client }: { readonly client: Client }): ReactNode {
  const [place, setPlace] = useState<Place>(() => placeOf(location.hash));
  const now = useRef(place);
  useEffect(() => {
    const moved = (): void => {
      leaveAddress();
      now.current = placeOf(location.hash);
      setPlace(now.current);
    };
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  const show = useCallback((next: Place, push: boolean) => {
    const hash = hashOf(next);
    if (hash === hashOf(now.current)) return;
    now.current = next;
    setAddress(hash, push);
    setPlace(next);
  }, []);
  const set = useCallback(
    (changes: Fields, push = false) => {
      const { view, fields } = now.current;
      show({ view, fields: changed(fields, changes) }, push);
    },
    [show],
  );
  const go = useCallback((view: View, fields: Fields) => show({ view, fields }, true), [show]);
  const Shown = SHOWN[place.view];
  return (
    <div className="app">
      <header className="top">
        <h1>mhp lab</h1>
        <nav aria-label="views">
          {VIEWS.map((view) => (
            <a
              key={view}
              href={hashOf({ view, fields: {} })}
              aria-current={view === place.view ? 'page' : undefined}
            >
              {NAMES[view]}
            </a>
          ))}
        </nav>
      </header>
      <main className="view">
        {place.lost !== undefined && (
          <p className="error" role="alert">
            {place.lost}
          </p>
        )}
        <Shown key={place.view} fields={place.fields} set={set} go={go} client={client} />
      </main>
    </div>
  );
}
