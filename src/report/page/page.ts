import { escaped, markup, type Node } from './element.ts';
import { STYLE } from './style.ts';

/** A page that stands alone: no request leaves it, and its text is there without script. */
export interface Page {
  readonly title: string;
  readonly body: Node;
  /** A script, and the data that it reads from the element `data`. */
  readonly script?: { readonly code: string; readonly data: string };
}

const CSP =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** The page as HTML. */
export function pageText({ title, body, script }: Page): string {
  const data = script
    ? `<script id="data" type="application/octet-stream">${script.data}</script>\n<script>${script.code}</script>\n`
    : '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(CSP)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${markup(body)}
${data}</body>
</html>
`;
}
