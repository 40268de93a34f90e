/**
 * What the page of a story does with script: steps forwards and backwards, the state at each, and who wrote a value. It reads
 * the compressed data of the page; it makes no request. It is text, so that a page is the same bytes however mhp is built.
 */
export const STORY_SCRIPT = `(async()=>{'use strict'
const raw=Uint8Array.from(atob(document.getElementById('data').textContent),c=>c.charCodeAt(0))
const d=JSON.parse(await new Response(new Blob([raw]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).text())
const $=(id)=>document.getElementById(id),n=d.steps.length
let at=n
const el=(tag,text,cls)=>{const e=document.createElement(tag);if(text!==undefined)e.textContent=text;if(cls)e.className=cls;return e}
const state=(k)=>{const s={};for(const g in d.initial)s[g]={...d.initial[g]};for(let i=0;i<k;i++){const t=d.steps[i][2];for(const g in t){s[g]??={};for(const key in t[g])if(t[g][key]===null)delete s[g][key];else s[g][key]=t[g][key]}}return s}
const writer=(g,key,k)=>{for(let i=k-1;i>=0;i--)if(d.steps[i][2][g]&&key in d.steps[i][2][g])return i+1;return 0}
const cpus=(l)=>l.length?l.map(c=>'CPU '+c).join(', '):'–'
const text=(g,v)=>typeof v==='string'?v:g==='locks'?'held by '+(v.holders.join(', ')||'nobody')+(v.wanted.length?'; wanted by '+v.wanted.join(', '):''):g==='held'?v.level+' '+v.as+', pfn '+v.pfn+': '+(v.held_by.length?'in TLB or walk cache of '+cpus(v.held_by):'in no TLB or walk cache')+(v.in_flight.length?'; instructions in flight on '+cpus(v.in_flight)+' may use it':'')+(v.settled?'':'; not all walkers see the change'):v.size!==undefined?v.size+' bytes, '+(v.mapped?v.pages+' pages':'not mapped'):JSON.stringify(v)
const TITLES={entries:'Page table entries',held:'What CPUs may hold, and memory no longer says',locks:'Locks',pages:'Pages',fields:'Fields',vmap_areas:'vmalloc areas',fresh:'Entries that walkers may still miss',threads:'Threads'}
const place={};for(const e of d.entries)place[e[0]]=e[1]
function show(k,scroll){
at=Math.max(0,Math.min(n,k));const s=state(at),last=at?d.steps[at-1]:undefined,box=$('state');box.textContent=''
for(const g in TITLES){const keys=Object.keys(s[g]??{}),gone=Object.keys(last?.[2][g]??{}).filter(x=>!keys.includes(x));if(!keys.length&&!gone.length)continue
const p=el('section',undefined,'panel'),t=el('table',undefined,'state'),b=el('tbody');p.append(el('h2',TITLES[g]),t);t.append(b)
for(const key of [...keys,...gone]){const r=el('tr',undefined,last?.[2][g]&&key in last[2][g]?'changed':'');const a=el('td');a.append(el('code',g==='entries'?(place[key]??key):key));const w=writer(g,key,at),v=el('td',keys.includes(key)?text(g,s[g][key]):'gone');if(w){v.append(' ');const x=el('a',w===at?'this step':'step '+w);x.href='#';x.onclick=(e)=>{e.preventDefault();show(w,1)};v.append(x)}r.append(a,v);b.append(r)}
box.append(p)}
$('now').textContent='step '+at+' of '+n+(last?': '+last[0]+': '+last[1]:'')
$('range').value=at
for(const r of document.querySelectorAll('tr.at'))r.classList.remove('at')
for(const r of document.querySelectorAll('tr[data-step]'))if(+r.dataset.first<=at&&at<=+r.dataset.step){r.classList.add('at');if(scroll)r.scrollIntoView({block:'nearest'});break}
}
$('range').max=n;$('range').oninput=(e)=>show(+e.target.value,1)
const act={first:()=>show(0,1),back:()=>show(at-1,1),on:()=>show(at+1,1),last:()=>show(n,1)}
for(const b in act)$(b).onclick=act[b]
document.addEventListener('click',(e)=>{const a=e.target.closest('a[data-step]');if(a){e.preventDefault();show(+a.dataset.step,1);return}const r=e.target.closest('tr[data-step]');if(r&&!getSelection().toString())show(+r.dataset.step)})
document.addEventListener('keydown',(e)=>{if(e.ctrlKey||e.metaKey||e.altKey||e.target.tagName==='INPUT')return;const f={j:act.on,k:act.back,Home:act.first,End:act.last}[e.key];if(f){e.preventDefault();f()}})
$('steps').hidden=false;show(n)
})()`;
