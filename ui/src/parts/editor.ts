import { autocompletion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { yaml as yamlLanguage } from '@codemirror/lang-yaml';
import { type Diagnostic, linter } from '@codemirror/lint';
import { EditorView } from '@codemirror/view';
import { basicSetup } from 'codemirror';
import schema from '../../../schemas/scenario.schema.json';

/** The editor of scenarios and designs: CodeMirror, checked by the model's own reader. */

interface Options {
  readonly text: string;
  readonly label: string;
  readonly yaml: boolean;
  readonly changed: (text: string) => void;
  readonly lint: (text: string) => Promise<{ readonly line: number | null; readonly message: string } | null>;
}

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** Every key that a scenario may have, anywhere, with what the schema says of it. */
function keysOf(of: Schema, found = new Map<string, string>()): Map<string, string> {
  for (const [name, part] of Object.entries(of.properties ?? {})) {
    if (!found.has(name) || part.description) found.set(name, part.description ?? '');
    keysOf(part, found);
  }
  if (of.items) keysOf(of.items, found);
  for (const part of of.anyOf ?? []) keysOf(part, found);
  return found;
}

const KEYS = [...keysOf(schema as Schema)].map(([label, info]) => ({
  label,
  apply: `${label}: `,
  type: 'property',
  ...(info ? { info } : {}),
}));

function complete(context: CompletionContext): CompletionResult | null {
  const word = context.matchBefore(/\w+/);
  if (!word && !context.explicit) return null;
  return { from: word?.from ?? context.pos, options: KEYS, validFor: /^\w*$/ };
}

export function makeEditor(parent: HTMLElement, { text, label, yaml, changed, lint }: Options) {
  let setting = false;
  const view = new EditorView({
    parent,
    doc: text,
    extensions: [
      basicSetup,
      EditorView.contentAttributes.of({ 'aria-label': label }),
      EditorView.theme({
        '&': { backgroundColor: 'var(--bg)', color: 'var(--fg)' },
        '.cm-gutters': { backgroundColor: 'var(--panel)', color: 'var(--soft)' },
        '.cm-content': { caretColor: 'var(--fg)' },
      }),
      ...(yaml ? [yamlLanguage(), autocompletion({ override: [complete] })] : []),
      linter(
        async (shown): Promise<Diagnostic[]> => {
          const wrong = await lint(shown.state.doc.toString());
          if (!wrong) return [];
          const line = shown.state.doc.line(Math.max(1, Math.min(wrong.line ?? 1, shown.state.doc.lines)));
          return [{ from: line.from, to: line.to, severity: 'error', message: wrong.message }];
        },
        { delay: 500 },
      ),
      EditorView.updateListener.of((update) => {
        if (update.docChanged && !setting) changed(update.state.doc.toString());
      }),
    ],
  });
  return {
    set: (now: string): void => {
      if (view.state.doc.toString() === now) return;
      setting = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: now } });
      setting = false;
    },
    end: (): void => view.destroy(),
  };
}
