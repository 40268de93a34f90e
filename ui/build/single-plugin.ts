import { deflateRawSync } from 'node:zlib';
import type { Plugin } from 'vite';

const CSP =
  "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob: data:; worker-src blob: data:; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'";

/** Unpacks the program, which is compressed: as text it would be four times as long. */
const LOADER = `const b=Uint8Array.from(atob(document.getElementById('program').textContent),(c)=>c.charCodeAt(0));
new Response(new Blob([b]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).text().then((t)=>import(URL.createObjectURL(new Blob([t],{type:'text/javascript'}))))`;

/** Puts the program into the page: one file that can be opened from a disk. */
export const singlePlugin = (): Plugin => ({
  name: 'mhp-single-file',
  enforce: 'post',
  generateBundle(_, bundle) {
    const page = bundle['index.html'];
    if (page?.type !== 'asset') throw new Error('there is no page');
    let html = String(page.source);
    for (const [name, file] of Object.entries(bundle)) {
      if (file.type !== 'chunk') continue;
      const packed = deflateRawSync(file.code, { level: 9 }).toString('base64');
      html = html
        .replace(new RegExp(`<script[^>]*src="[^"]*${name}"[^>]*></script>`), '')
        .replace(
          '</body>',
          () =>
            `<script id="program" type="application/octet-stream">${packed}</script>\n<script type="module">${LOADER}</script>\n</body>`,
        );
      delete bundle[name];
    }
    page.source = html.replace(
      '<meta charset="utf-8" />',
      `<meta charset="utf-8" />\n    <meta http-equiv="Content-Security-Policy" content="${CSP}" />`,
    );
    page.fileName = 'lab.html';
  },
});
