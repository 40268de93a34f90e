/** The style of the lab beyond that of the pages it exports. */
export const LAB_STYLE = `body{padding:0}.app{display:flex;flex-direction:column;min-height:100vh}
.top{display:flex;flex-wrap:wrap;gap:.3rem .8rem;align-items:center;padding:.4rem 1rem;border-bottom:1px solid var(--line);background:var(--panel)}
.top h1{font-size:1rem;margin:0}.top nav{display:flex;gap:.2rem;flex-wrap:wrap}.top nav a{padding:.2rem .7rem;border-radius:5px;text-decoration:none}.top nav a[aria-current]{background:var(--bg);outline:1px solid var(--line);font-weight:600}
.view{padding:.6rem 1rem;flex:1;min-width:0;max-width:100vw;overflow-wrap:anywhere}select,input,label{max-width:100%}.bar-row select{max-width:34rem}.cols>*,.map-cols>*,.pair>*{min-width:0}fieldset{border:0;padding:0;margin:0;min-width:0}.bar-row{display:flex;flex-wrap:wrap;gap:.4rem .6rem;align-items:center;margin:.3rem 0}
.busy{display:flex;gap:.6rem;align-items:center}.error{border:1px solid var(--bad);border-left-width:6px;border-radius:5px;padding:.4rem .8rem;margin:.5rem 0;overflow-wrap:anywhere}
.chip[aria-pressed=true]{outline:2px solid var(--link);font-weight:600}.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(34rem,100%),1fr));gap:1rem;align-items:start}
.pair .cols{grid-template-columns:minmax(0,1fr)}nav.steps{display:flex;gap:.3rem;flex-wrap:wrap;align-items:center}nav.steps input[type=range]{flex:1;min-width:8rem}
.story tr[data-step],table.state tr[data-key],table.matrix td[data-row]{cursor:pointer}.map-cols{display:grid;grid-template-columns:minmax(15rem,22rem) minmax(0,1fr);gap:1rem;align-items:start}
@media(max-width:60rem){.map-cols{grid-template-columns:minmax(0,1fr)}}
ol.runs{padding-left:2rem;max-height:75vh;overflow:auto}ol.runs li{padding:.2rem .3rem;cursor:pointer}ol.runs button{text-align:left;vertical-align:top;white-space:normal;overflow-wrap:anywhere;max-width:100%}ol.runs li[aria-current]{background:var(--hit)}
canvas.map{image-rendering:pixelated;width:100%;border:1px solid var(--line);touch-action:none}
.editor{border:1px solid var(--line);border-radius:5px;min-height:16rem;max-height:70vh;overflow:auto}.editor .cm-editor{min-height:16rem}
textarea{width:100%;font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:12.5px}
.graph{overflow:auto;max-height:70vh;border:1px solid var(--line);border-radius:5px}.graph path{fill:none;stroke:var(--soft)}.graph circle{fill:var(--panel);stroke:var(--fg)}.graph .ended circle{stroke-width:3}.graph .stuck circle{stroke:var(--bad);stroke-width:3;stroke-dasharray:5 2}.graph .chosen circle{fill:var(--hit)}.graph path.chosen{stroke:var(--link);stroke-width:2.5}.graph g{cursor:pointer}
.cols>aside{position:sticky;top:2.8rem;max-height:calc(100vh - 3.2rem);overflow:auto}@media(max-width:60rem){.cols>aside{position:static;max-height:none}}.pair .cols>aside{position:static;max-height:none}
@media(prefers-reduced-motion:reduce){*{transition:none!important;animation:none!important;scroll-behavior:auto!important}}`;
