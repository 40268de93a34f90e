import { type ReactNode, useState } from 'react';
import type { Graph } from '../worker/protocol.ts';

/** The states of a small program: a column for each number of steps, an edge for each step. */

const COLUMN = 120;
const ROW = 44;

export function GraphPane({ graph }: { readonly graph: Graph }): ReactNode {
  const [chosen, setChosen] = useState(0);
  const rows = new Map<number, number>();
  const places = graph.nodes.map(({ depth }) => {
    const row = rows.get(depth) ?? 0;
    rows.set(depth, row + 1);
    return { x: 30 + depth * COLUMN, y: 30 + row * ROW };
  });
  const width = 60 + Math.max(...graph.nodes.map(({ depth }) => depth)) * COLUMN;
  const height = 60 + Math.max(...rows.values()) * ROW;
  const node = graph.nodes[chosen];
  return (
    <section>
      <h2>{graph.nodes.length} states</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys */}
      <div className="graph" tabIndex={0}>
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`graph of ${graph.nodes.length} states and ${graph.edges.length} steps`}
        >
          {graph.edges.map(({ from, to, thread, text }) => {
            const [a, b] = [places[from]!, places[to]!];
            const bend = b.x <= a.x ? -40 : 0;
            return (
              <path
                key={`${from} ${to} ${thread} ${text}`}
                className={from === chosen ? 'chosen' : undefined}
                d={`M${a.x} ${a.y}C${a.x + COLUMN / 2} ${a.y + bend} ${b.x - COLUMN / 2} ${b.y + bend} ${b.x} ${b.y}`}
              >
                <title>
                  {thread}: {text}
                </title>
              </path>
            );
          })}
          {graph.nodes.map(({ id, end }) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: see above
            <g
              key={id}
              className={`${end ?? ''}${id === chosen ? ' chosen' : ''}`}
              onClick={() => setChosen(id)}
            >
              <circle cx={places[id]!.x} cy={places[id]!.y} r={12} />
              <text x={places[id]!.x} y={places[id]!.y + 4} textAnchor="middle">
                {id}
              </text>
              {end && (
                <text x={places[id]!.x} y={places[id]!.y + 26} textAnchor="middle">
                  {end}
                </text>
              )}
            </g>
          ))}
        </svg>
      </div>
      <label>
        state{' '}
        <select value={chosen} onChange={({ target }) => setChosen(Number(target.value))}>
          {graph.nodes.map(({ id, depth, end }) => (
            <option key={id} value={id}>
              {id}: after {depth} steps{end ? `, ${end}` : ''}
            </option>
          ))}
        </select>
      </label>
      {node && (
        <div className="box">
          <pre>{node.text}</pre>
          <ul>
            {graph.edges
              .filter(({ from }) => from === chosen)
              .map(({ to, thread, text }) => (
                <li key={`${to} ${thread} ${text}`}>
                  <button type="button" onClick={() => setChosen(to)}>
                    {thread}: {text} → {to}
                  </button>
                </li>
              ))}
          </ul>
        </div>
      )}
    </section>
  );
}
