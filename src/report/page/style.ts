/** The style of pages, drawings in pages, and the lab. Nothing is told by colour alone. */
export const STYLE = `:root{color-scheme:light dark;--bg:#fff;--fg:#1c2128;--soft:#57606a;--line:#d0d7de;--panel:#f6f8fa;--link:#0550ae;--bad:#b3261e;--good:#1a6e35;--hit:#fff3bf;
--t0:#0b57a4;--t1:#8f4700;--t2:#1b6b3a;--t3:#6f3fa0;--t4:#9c1f5a;--t5:#3d5a00;--l0:#7b3fb5;--l1:#0f7b7b;--l2:#b0307f;--l3:#5c6f00;--l4:#a05a00;--l5:#3056c9;
--normal:#9cc3e6;--movable:#8fd0ad;--dma:#cfd8f2;--device:#e6c79c;--offline:#fff;--gone:#eceff2}
@media(prefers-color-scheme:dark){:root{--bg:#14181d;--fg:#e4e8ec;--soft:#a3adb8;--line:#3a424c;--panel:#1c2128;--link:#7db8ff;--bad:#ff8f85;--good:#79d698;--hit:#4b4213;
--t0:#7db8ff;--t1:#ffb066;--t2:#7bd99b;--t3:#cba6f7;--t4:#ff9cc8;--t5:#c3dc6e;--l0:#c79bf0;--l1:#58c7c7;--l2:#f28cc9;--l3:#c3d45b;--l4:#f0b266;--l5:#9db4ff;
--normal:#27588a;--movable:#1f6a45;--dma:#3b4470;--device:#735626;--offline:#14181d;--gone:#242a31}}
*{box-sizing:border-box}body{margin:0;padding:1rem;background:var(--bg);color:var(--fg);font:14px/1.45 system-ui,sans-serif}
a{color:var(--link)}code,.mono,td.n,.story,table.state{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:12.5px}
h1{font-size:1.25rem;margin:.2rem 0}h2{font-size:1rem;margin:.6rem 0 .3rem}h3{font-size:.9rem;margin:.5rem 0 .2rem}
.soft,.in{color:var(--soft)}.bad,.wrong{color:var(--bad);font-weight:600}.good{color:var(--good)}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.cols{display:grid;grid-template-columns:minmax(0,1fr) minmax(18rem,28rem);gap:1rem;align-items:start}
@media(max-width:60rem){.cols{grid-template-columns:minmax(0,1fr)}}
.scroll{overflow-x:auto}table{border-collapse:collapse}th{text-align:left;font-weight:600}
.story{width:100%}.story th[scope=row],.story thead th:first-child{text-align:right;padding:0 .5rem;color:var(--soft);font-weight:400;white-space:nowrap;vertical-align:top}
.story thead th{border-bottom:1px solid var(--line);padding:.2rem .4rem}
.story td{vertical-align:top;padding:.1rem .4rem;position:relative}
.story td.t,.story th.t{border-left:1px solid var(--line)}
${[0, 1, 2, 3, 4, 5].map((n) => `.story th.t${n},.story .t${n} em,.story .t${n} .dot{color:var(--t${n})}.bar.l${n}{background:var(--l${n})}`).join('')}
.bar{position:absolute;top:0;bottom:0;width:3px}.bar.from{top:.6em;border-top:2px solid var(--fg)}.bar.to{bottom:.5em;border-bottom:2px solid var(--fg)}
.dot.why{font-size:1em}tr.why>td{font-weight:600}tr.why .fn{font-weight:400}tr.switch td{border-top:1px dashed var(--line)}tr.minor{color:var(--soft)}tr.folded td{color:var(--soft);font-style:italic}
tr.steps{scroll-margin:4rem}tr:target,tr.at{background:var(--hit)}.story tr:target th[scope=row],.story tr.at th[scope=row]{color:var(--fg)}tr.one td{font-size:12px}
.band{width:6.5rem;font:11.5px system-ui,sans-serif;border-left:4px solid transparent;white-space:nowrap}
.band.used{border-left-color:var(--good)}.band.linked{border-left-color:var(--good)}.band.unlinked{border-left-style:dashed;border-left-color:var(--t1)}.band.free,.band.again{border-left-style:double;border-left-width:6px;border-left-color:var(--bad)}
.panel,.box{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:.4rem .8rem .7rem;margin:0 0 .8rem;overflow-x:auto}
ol.why{margin:.2rem 0;padding-left:1.2rem}ol.why li{margin:.3rem 0}table.deeds td{padding:.1rem .5rem .1rem 0;vertical-align:top}table.deeds td:not(:last-child),.story th{white-space:nowrap;overflow-wrap:normal}
table.state{width:100%}table.state td,table.state th{padding:.12rem .5rem .12rem 0;vertical-align:top;border-top:1px solid var(--line)}table.state th{color:var(--soft);font-weight:400}
tr.changed td:first-child::before{content:"▸ ";color:var(--bad)}tr.changed{background:var(--hit)}
.pt{border-left:3px solid var(--line);padding-left:.6rem;margin:.4rem 0}.pt.free{border-left:6px double var(--bad)}.reach{margin:.2rem 0;color:var(--bad)}
.verdict{border:1px solid currentColor;border-radius:4px;padding:0 .4rem;font-weight:600}.verdict.found,.verdict.other{color:var(--bad)}.verdict.clean{color:var(--good)}
pre{white-space:pre-wrap;margin:.3rem 0;font-size:12.5px}nav.steps{position:sticky;top:0;background:var(--bg);padding:.3rem 0;z-index:2;border-bottom:1px solid var(--line)}nav.steps:not([hidden]){display:flex;flex-wrap:wrap;gap:.3rem;align-items:center}nav.steps input{flex:1 1 12rem;max-width:40rem;padding:0}
button,select,input,textarea{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);border-radius:5px;padding:.15rem .6rem}
button:hover:enabled{background:var(--panel)}:focus-visible{outline:3px solid var(--link);outline-offset:1px}
table.runs td,table.runs th{border-top:1px solid var(--line);padding:.2rem .8rem .2rem 0;vertical-align:top}
svg{max-width:none}.zone-normal{fill:var(--normal)}.zone-movable{fill:var(--movable)}.zone-dma{fill:var(--dma)}.zone-device{fill:var(--device)}.zone-none{fill:var(--bg)}.offline{fill:url(#hatch)}.hatch-bg{fill:var(--bg)}.hatch-fg{fill:var(--line)}.cell{stroke:var(--soft);stroke-width:.6}.cell.new{stroke:var(--l0);stroke-width:2.5}.cell.changed,.cell.goes{stroke:var(--l0);stroke-width:2.5;stroke-dasharray:4 2}.cell.goes{stroke-dasharray:none;stroke:var(--t1)}.frame{stroke:var(--line)}.stays{fill:var(--fg)}
table.matrix td{padding:.1rem .35rem;border:1px solid var(--line);text-align:center}table.matrix th{padding:.1rem .35rem;white-space:nowrap}table.matrix thead th{writing-mode:vertical-rl;text-align:left}table.matrix caption{text-align:left;white-space:nowrap}table.matrix td.title{text-align:left;white-space:nowrap;border:0;color:var(--soft)}table.matrix a{color:inherit;text-decoration:none;display:block;min-width:1.2rem}
svg g text{paint-order:stroke;stroke:var(--bg);stroke-width:2.5px}svg text{fill:var(--fg);font:11px system-ui,sans-serif}svg .soft{fill:var(--soft)}
@media print{body{padding:0;font-size:10pt}nav.steps,.noprint{display:none}.cols{display:block}.panel{break-inside:avoid}details:not([open])>*{display:block}}
@media(prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}`;

/** The style of a drawing that stands alone. */
export const DRAWING_STYLE = `svg{background:#fff}text{font:11px system-ui,"DejaVu Sans",sans-serif;fill:#1c2128}.soft{fill:#57606a}.mono{font-family:ui-monospace,"DejaVu Sans Mono",monospace}
.zone-normal{fill:#9cc3e6}.zone-movable{fill:#8fd0ad}.zone-dma{fill:#cfd8f2}.zone-device{fill:#e6c79c}.zone-none{fill:#fff}.offline{fill:url(#hatch)}g text{paint-order:stroke;stroke:#fff;stroke-width:2.5px}.hatch-bg{fill:#fff}.hatch-fg{fill:#c5ccd3}.frame{stroke:#d0d7de}.stays{fill:#1c2128}.cell{stroke:#57606a;stroke-width:.6}.new{stroke:#7b3fb5;stroke-width:2.5}.changed{stroke:#7b3fb5;stroke-width:2.5;stroke-dasharray:4 2}.goes{stroke:#8f4700;stroke-width:2.5}`;
