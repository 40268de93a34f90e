import { type ReactNode, useEffect, useRef } from 'react';

interface Props {
  readonly text: string;
  readonly label: string;
  readonly onChange: (text: string) => void;
  /** What is wrong, with the line where that is known; undefined: not linted. */
  readonly lint?: (
    text: string,
  ) => Promise<{ readonly line: number | null; readonly message: string } | null>;
  readonly yaml?: boolean;
}

/** An editor, loaded when it is first shown; until then a plain text field. */
export function CodeEditor({ text, label, onChange, lint, yaml = false }: Props): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const made = useRef<{ readonly set: (text: string) => void; readonly end: () => void } | null>(null);
  const latest = useRef({ text, onChange, lint });
  latest.current = { text, onChange, lint };
  useEffect(() => {
    let gone = false;
    const load = async (): Promise<void> => {
      const { makeEditor } = await import('./editor.ts');
      if (gone || !box.current) return;
      made.current = makeEditor(box.current, {
        text: latest.current.text,
        label,
        yaml,
        changed: (now) => latest.current.onChange(now),
        lint: async (now) => (await latest.current.lint?.(now)) ?? null,
      });
    };
    void load();
    return () => {
      gone = true;
      made.current?.end();
      made.current = null;
    };
  }, [label, yaml]);
  useEffect(() => made.current?.set(text), [text]);
  return <div className="editor" ref={box} />;
}
