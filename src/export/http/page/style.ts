/** Colours follow the reader's system; everything fits a telephone and a sheet of paper. Nothing is told by colour alone. */
export const styleSheet = `
:root { color-scheme: light dark; --ground: #fff; --card: #f6f7f9; --ink: #1a1c1f; --soft: #54585f; --line: #c9cdd3; --link: #0b57a4;
  --bad: #b3261e; --bad-ground: #fdecea; --warn: #7a4d00; --warn-ground: #fff4dc; --fine: #17633a; --fine-ground: #e6f5ec; --unknown: #4a4f57; --unknown-ground: #eceef1;
  --mark-lost: #b3261e; --mark-open: #7d3fb0; --mark-idle: #b07400; }
@media (prefers-color-scheme: dark) { :root { --ground: #111316; --card: #1a1d21; --ink: #e8eaed; --soft: #a9afb8; --line: #3b4048; --link: #8ab8f5;
  --bad: #ff8f86; --bad-ground: #3a1715; --warn: #ffcb6b; --warn-ground: #33270d; --fine: #7fdca3; --fine-ground: #12301f; --unknown: #c3c8d0; --unknown-ground: #262a30;
  --mark-lost: #ff6f64; --mark-open: #c99bf0; --mark-idle: #e0a93e; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 76rem; padding: .75rem 1rem 3rem; background: var(--ground); color: var(--ink); overflow-wrap: anywhere; }
h1 { font-size: 1.45rem; line-height: 1.3; margin: 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; } h3 { font-size: 1.02rem; margin: 0 0 .25rem; } section > h3 { margin-top: 1.5rem; }
p { margin: .35rem 0; } ul, ol { margin: .35rem 0; padding-left: 1.4rem; } ul.plain, ul.meters, ol.events { list-style: none; padding: 0; }
a { color: var(--link); } a:focus-visible, button:focus-visible, summary:focus-visible, input:focus-visible, select:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
code, .path { font: .92em ui-monospace, monospace; } code { background: var(--unknown-ground); padding: .05em .3em; border-radius: 3px; }
.path { white-space: pre-wrap; font-weight: 600; unicode-bidi: isolate; }
.aside { color: var(--soft); font-size: .9rem; font-weight: 400; } .empty { color: var(--soft); } p.warn, div.warn { color: var(--warn); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: .5rem; background: var(--ground); padding: .5rem 1rem; z-index: 1; }
header { display: flex; flex-wrap: wrap; gap: 0 1.5rem; align-items: baseline; } header p { margin: 0; } .where { flex: 1 1 auto; }
nav a { display: inline-block; padding: .5rem 0; margin-right: 1.1rem; } header nav { flex-basis: 100%; }
#link { font-size: .9rem; color: var(--soft); } #link[data-state=live] { color: var(--fine); } #link[data-state=reconnecting] { color: var(--warn); } #link[data-state=stale] { color: var(--bad); font-weight: 700; }
#gone:empty { display: none; } #gone { position: sticky; top: 0; z-index: 1; background: var(--bad-ground); color: var(--bad); border: 2px solid currentColor; border-radius: 8px; padding: .6rem 1rem; font-weight: 700; }
.stale main { filter: grayscale(1); } .stale #verdict h1::before { content: "Not known now. It was: "; color: var(--ink); }
.verdict, .card, .notice, .note { border: 1px solid var(--line); border-left: 6px solid var(--line); border-radius: 8px; padding: .7rem 1rem; margin: .6rem 0; background: var(--card); }
.verdict { border-color: currentColor; border-width: 2px 2px 2px 10px; padding: 1rem; } .verdict p { color: var(--ink); } .verdict h1 > span:not(.badge) { color: var(--ink); }
.verdict.bad, .notice.bad { background: var(--bad-ground); color: var(--bad); } .verdict.warn { background: var(--warn-ground); color: var(--warn); }
.verdict.fine, .notice.fine { background: var(--fine-ground); color: var(--fine); } .verdict.unknown { background: var(--unknown-ground); color: var(--unknown); }
.card.bad { border-left-color: var(--bad); } .card.warn { border-left-color: var(--warn); } .card.unknown { border-left-color: var(--unknown); }
.note { border-left-color: var(--warn); } .notice { font-weight: 600; }
.badge { display: inline-block; font-weight: 700; font-size: .85em; line-height: 1.35; padding: .1em .55em; border-radius: 99px; border: 1px solid currentColor; vertical-align: .08em; white-space: nowrap; }
.badge.bad { color: var(--bad); background: var(--bad-ground); } .badge.warn { color: var(--warn); background: var(--warn-ground); } .badge.fine { color: var(--fine); background: var(--fine-ground); } .badge.unknown { color: var(--unknown); background: var(--unknown-ground); }
.summary { font-size: 1.02rem; } .taken { color: var(--soft); } .links a { display: inline-block; padding: .4rem 0; margin-right: 1.1rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: 0 .8rem; align-items: start; }
details { margin: .3rem 0; } summary { cursor: pointer; padding: .5rem 0; font-weight: 600; color: var(--link); min-height: 2.75rem; } details li { margin: .35rem 0; }
.decisions { display: flex; flex-wrap: wrap; gap: 0 1.5rem; } .decisions details[open] { flex-basis: 100%; } .decisions summary { border: 1px solid var(--link); border-radius: 6px; padding: .5rem 1rem; width: fit-content; }
form { margin: .3rem 0; } form label { display: block; margin-top: .5rem; font-weight: 600; } input:not([type=hidden]), select { font: inherit; width: 100%; max-width: 28rem; display: block; padding: .55rem; border: 1px solid var(--soft); border-radius: 6px; background: var(--ground); color: var(--ink); min-height: 2.75rem; }
button { font: inherit; font-weight: 600; margin-top: .6rem; padding: .5rem 1rem; min-height: 2.75rem; border: 1px solid var(--link); border-radius: 6px; background: var(--link); color: var(--ground); cursor: pointer; } button.small { margin: 0; padding: .25rem .7rem; background: none; color: var(--link); } button[aria-busy=true] { opacity: .6; }
.table { overflow-x: auto; } .names th:first-child { width: 36%; } table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .45rem .9rem .45rem 0; border-bottom: 1px solid var(--line); font-weight: 400; } thead th { color: var(--soft); font-size: .9rem; font-weight: 600; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem 1rem; margin: .4rem 0; } dt { color: var(--soft); } dd { margin: 0; }
.meters li { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; margin: .5rem 0; } .meters .value { font-weight: 700; font-variant-numeric: tabular-nums; } .meters svg { width: 100%; height: .65rem; grid-column: 1 / -1; } .meters .aside { grid-column: 1 / -1; }
.meters .scale { fill: var(--unknown-ground); stroke: var(--line); } .meters .fill { fill: var(--soft); } .meters .crossed .fill { fill: var(--bad); } .meters .crossed .value { color: var(--bad); } .meters .limit { fill: var(--ink); }
.strip { margin: .5rem 0; } .strip svg { display: block; width: 100%; height: 3rem; } .media { fill: var(--unknown-ground); stroke: var(--line); } .outside { fill: var(--line); } path.lines { stroke: var(--ground); stroke-width: 1px; vector-effect: non-scaling-stroke; fill: none; }
path.lost { fill: var(--mark-lost); } path.open { fill: var(--mark-open); } path.idle { fill: var(--mark-idle); }
.zones { display: grid; grid-template-columns: repeat(8, 1fr); } .zones a { text-align: center; min-height: 2.75rem; line-height: 2.75rem; border: 1px solid var(--line); font-variant-numeric: tabular-nums; } .ends { display: flex; justify-content: space-between; gap: 1rem; font-size: .85rem; color: var(--soft); } .ends span:last-child { text-align: right; }
figcaption { font-size: .9rem; color: var(--soft); } .legend::before { content: ""; display: inline-block; width: .5rem; vertical-align: baseline; margin-right: .3rem; background: currentColor; } .legend.lost::before { height: .9rem; color: var(--mark-lost); } .legend.open::before { height: .7rem; color: var(--mark-open); } .legend.idle::before { height: .4rem; color: var(--mark-idle); } .legend { margin-right: .6rem; }
.steps a { min-height: 2.75rem; }
:is(td, th, li, .verdict p, p.cut, p.aside) > a { display: inline-block; min-width: 1.5rem; min-height: 1.5rem; }
.events li { padding: .3rem 0; border-bottom: 1px solid var(--line); } .moment { font-variant-numeric: tabular-nums; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); }
@media (max-width: 40rem) { body { padding: .5rem .75rem 3rem; } h1 { font-size: 1.25rem; }
  table.stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); } table.stack, table.stack tbody, table.stack tr, table.stack th, table.stack td { display: block; } table.stack tr { border-bottom: 1px solid var(--line); padding: .5rem 0; } table.stack th, table.stack td { border: 0; padding: .15rem 0; width: auto; } table.stack td:empty { display: none; } table.stack td[data-label]::before { content: attr(data-label) ": "; color: var(--soft); font-size: .9rem; }
  nav a, .links a { padding: .6rem 0; } }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print { :root { color-scheme: light; } header nav, .skip, .decisions, form, .steps, .zones, footer nav, .cut { display: none; } body { max-width: none; padding: 0; font-size: 10pt; } .card, .verdict { break-inside: avoid; } .table { overflow: visible; } }
`;
