// The look of a benchmark's page, beside the colours of the platform's own page.

export const STYLE = `
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 0 clamp(0.9rem, 3vw, 2rem) 3rem; background: var(--ground); color: var(--ink); font: 16px / 1.5 system-ui, sans-serif; }
header { padding: 1.5rem 0 0.5rem; }
h1 { margin: 0; font-size: clamp(1.5rem, 4vw, 2.1rem); line-height: 1.2; letter-spacing: -0.01em; }
h2 { margin: 2.5rem 0 0.75rem; font-size: 1.35rem; line-height: 1.25; }
h3 { margin: 0 0 0.5rem; font-size: 1.02rem; }
p { margin: 0 0 0.9rem; max-width: 90ch; }
header p, .soft, article > p, dt, caption { color: var(--soft); }
header p { margin: 0.35rem 0 0; max-width: none; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; font-size: 0.875em; }
pre { margin: 0; padding: 0.9rem 1rem; overflow-x: auto; border: 1px solid var(--line); border-radius: 0.6rem; background: var(--raised); }
.busy { margin: 1rem 0 0; padding: 0.65rem 0.9rem; max-width: none; border-radius: 0.6rem; background: var(--warning-ground); color: var(--warning); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 13.5rem), 1fr)); gap: 0.9rem; margin-top: 1.25rem; padding: 0; list-style: none; }
.tiles li, article { border: 1px solid var(--line); border-radius: 0.9rem; background: var(--card); }
.tiles li { display: flex; flex-direction: column; padding: 0.9rem 1.1rem 1rem; }
.tiles strong { white-space: nowrap; font-size: 1.65rem; line-height: 1.2; font-variant-numeric: tabular-nums; letter-spacing: -0.02em; }
.tiles strong small { font-size: 0.9rem; font-weight: 600; letter-spacing: 0; }
.tiles .what { font-weight: 600; }
.tiles .soft { font-size: 0.875rem; }
.verdict { align-self: flex-start; margin-top: auto; }
.verdict span { display: inline-block; margin-top: 0.6rem; padding: 0.1rem 0.6rem; border-radius: 1rem; font-size: 0.8125rem; font-weight: 600; }
.met { background: var(--good-ground); color: var(--good); }
.missed { background: var(--fault-ground); color: var(--fault); }
article { margin-bottom: 1rem; padding: 1.1rem 1.2rem; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.25rem; align-items: start; }
@media (min-width: 62rem) { .pair { grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); gap: 2rem; } }
svg.bars { display: block; overflow: visible; font-size: 13px; font-variant-numeric: tabular-nums; }
svg text { fill: var(--ink); }
svg .label, svg .ticks text, svg .unit { fill: var(--soft); }
svg .group { font-weight: 600; font-size: 14px; }
svg .result { font-weight: 700; font-size: 15px; fill: var(--good); }
svg .value { font-weight: 600; }
svg .grid line { stroke: var(--grid); }
svg .plain { fill: var(--plain); }
svg .packed { fill: var(--packed); }
svg .good { fill: var(--c2); }
svg .accent { fill: var(--c1); }
svg .range { stroke: var(--ink); stroke-width: 1; }
svg .middle { stroke: var(--ink); stroke-width: 4; }
.legend { display: flex; flex-wrap: wrap; gap: 0.3rem 1.1rem; margin: 0 0 1rem; padding: 0; list-style: none; font-size: 0.875rem; color: var(--soft); }
.legend i { display: inline-block; width: 0.9em; height: 0.9em; margin-right: 0.4em; border-radius: 2px; vertical-align: -0.08em; }
.legend .line { height: 1px; width: 1.6em; background: var(--ink); vertical-align: 0.3em; }
.legend .thick { height: 4px; vertical-align: 0.2em; }
.scroll { overflow-x: auto; }
.scroll + .scroll, .bars + .scroll { margin-top: 1.25rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption { padding-bottom: 0.35rem; text-align: left; }
th, td { vertical-align: top; padding: 0.35rem 0 0.35rem 0.75rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
td small, th small { display: block; color: var(--soft); font-size: 0.75rem; font-weight: 400; }
th:first-child { padding-left: 0; }
th[scope="row"] { font-weight: 500; }
thead th { color: var(--soft); font-weight: 500; }
.n { text-align: right; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: 0.6rem 1.5rem; margin: 0; }
dd { margin: 0; overflow-wrap: anywhere; }
dt { font-size: 0.875rem; }
.notes { padding-left: 1.1rem; max-width: 84ch; }
.notes li { margin-bottom: 0.4rem; }
summary { cursor: pointer; font-weight: 600; }
details pre { margin-top: 0.75rem; max-height: 30rem; overflow: auto; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media (max-width: 40rem) { svg .ticks .minor { display: none; } th { white-space: normal; } th, td { padding-left: 0.5rem; } }
@media print { body { max-width: none; } details { display: none; } article, .tiles li { break-inside: avoid; } }
`;
