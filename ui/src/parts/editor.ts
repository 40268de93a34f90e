import { autocompletion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { yaml as yamlLanguage } from '@codemirror/lang-yaml';
import { type Diagnostic, linter } from '@codemirror/lint';
import { EditorView } from '@codemirror/view';
import { basicSetup } from 'codemirror';
import schema from '../../../schemas/scenario.schema.json';
import { completionsAt, placeIn, type Schema } from './completion.ts';

/** The editor of scenarios and designs: CodeMirror, checked by the model's own reader. */

interface Options {
  readonly text: string;
  readonly label: string;
  readonly yaml: boolean;
  readonly changed: (text: string) => void;
  readonly lint: (text: string) => Promise<{ readonly line: number | null; readonly message: string } | null>;
}

function complete(context: CompletionContext): CompletionResult | null {
  const word = context.matchBefore(/[\w-]+/);
  if (!word && !context.explicit) return null;
  const from = word?.from ?? context.pos;
  const place = placeIn(context.state.doc.sliceString(0, from));
  const options = completionsAt(schema as Schema, place).map(({ label, info }) => ({
    label,
    apply: place.value ? label : `${label}: `,
    type: place.value ? 'constant' : 'property',
    ...(info ? { info } : {}),
  }));
  return { from, options, validFor: /^[\w-]*$/ };
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
