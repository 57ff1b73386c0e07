"use strict";
// Cards: each has a title, a note below, and a plot that is drawn when it comes into view.

/** More points than that are drawn by WebGL. */
const kManyPoints = 1500;

const kPlotSettings = {
  displaylogo: false,
  responsive: true,
  showTips: false,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
};

const cards = new Map();

function scatterType(n_points) {
  return n_points > kManyPoints ? "scattergl" : "scatter";
}

/**
 * `draw()` returns {traces, layout, note} or {empty: "why"}; `after(plot)` is called when it was first drawn,
 * `afterEach(plot)` whenever it was drawn or emptied. A zoomed plot stays so when it is drawn again, as long as `draw`
 * returns the same `shows`. While `isNeeded()` it is drawn out of view, too. `controls` are elements beside the title.
 */
function addPlotCard({id, title, width = "half", height = 320, draw, controls = [], ...calls}) {
  const plot = element("div", {className: "plot", id: `plot-${id}`});
  plot.style.height = `${height}px`;
  const empty = element("p", {className: "empty", hidden: true});
  const note = element("p", {className: "note"});
  const node = element(
    "section",
    {className: `card ${width}`, id, "aria-label": title},
    element(
      "div",
      {className: "card-head"},
      element("h2", {textContent: title}),
      element("div", {className: "card-controls"}, ...controls)
    ),
    element("div", {className: "plot-frame"}, plot),
    empty,
    note
  );
  document.getElementById("cards").append(node);
  cards.set(id, {id, node, plot, empty, note, draw, ...calls, isVisible: false, isDrawn: false, listens: false});
  watcher.observe(node);
  return node;
}

/** A card without a plot. */
function addTextCard(id, title, ...children) {
  const heading = element("h2", {textContent: title});
  document
    .getElementById("cards")
    .append(element("section", {className: "card half", id, "aria-label": title}, heading, ...children));
}

const watcher = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      const card = cards.get(entry.target.id);
      card.isVisible = entry.isIntersecting;
      if (card.isVisible && !card.isDrawn) drawCard(card);
    }
  },
  {rootMargin: "400px"}
);

function drawCard(card) {
  card.isDrawn = true;
  const drawing = card.draw();
  const is_empty = drawing.empty !== undefined;
  card.empty.hidden = !is_empty;
  card.plot.hidden = is_empty;
  card.empty.textContent = is_empty ? drawing.empty : "";
  card.note.textContent = drawing.note ?? "";
  card.note.hidden = !drawing.note;
  if (is_empty) {
    if (card.listens) Plotly.purge(card.plot);
    card.listens = false;
    card.afterEach?.(card.plot);
    return;
  }
  if (drawing.height) card.plot.style.height = `${drawing.height}px`;
  card.plot.style.minWidth = drawing.minWidth ? `${drawing.minWidth}px` : "";
  const uirevision = `${selection.objective} ${drawing.shows ?? ""}`;
  Plotly.react(card.plot, drawing.traces, baseLayout({uirevision, ...drawing.layout}), kPlotSettings);
  if (card.after && !card.listens) card.after(card.plot);
  card.listens = true;
  card.afterEach?.(card.plot);
}

function redraw(id) {
  const card = cards.get(id);
  if (!card) return;
  card.isDrawn = false;
  if (card.isVisible || card.isNeeded?.()) drawCard(card);
}

function redrawAll() {
  for (const id of cards.keys()) redraw(id);
}

/** Before printing, plots that were never seen are drawn too. */
function drawUndrawn() {
  for (const card of cards.values()) if (!card.isDrawn) drawCard(card);
}

/** Clicking a point shows its trial: `customdata` of a point is the trial's number. */
function openTrialOnClick(plot) {
  plot.on("plotly_click", (event) => {
    const number = event.points[0]?.customdata;
    if (Number.isInteger(number)) openTrial(report.trials[number]);
  });
}

/**
 * A first view that a few wild values do not squeeze: quartiles and three times their distance, within what there is.
 * Returns {range, n_outside}; range is undefined when everything fits.
 */
function firstView(values, keep = []) {
  const sorted = values.filter(isDrawable).sort((a, b) => a - b);
  if (sorted.length < 8) return {range: undefined, n_outside: 0};
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  const reach = 3 * (at(0.75) - at(0.25));
  const low = Math.min(Math.max(sorted[0], at(0.25) - reach), ...keep.filter(isDrawable));
  const high = Math.max(Math.min(sorted[sorted.length - 1], at(0.75) + reach), ...keep.filter(isDrawable));
  const n_outside = sorted.filter((value) => value < low || value > high).length;
  if (n_outside === 0 || !(high > low)) return {range: undefined, n_outside: 0};
  const space = 0.05 * (high - low);
  return {range: [low - space, high + space], n_outside};
}

function outsideNote(n_outside) {
  return n_outside === 0 ? "" : `${countText(n_outside, "value")} outside the first view: double-click shows all.`;
}

function undrawableNote(objective) {
  const n = undrawableCount(objective);
  return n === 0 ? "" : `${countText(n, "infinite value")} left out.`;
}

function joinNotes(...notes) {
  return notes.filter(Boolean).join(" ");
}

/** Evenly spread entries, the first and last too. */
function thinned(list, most) {
  if (list.length <= most) return list;
  const kept = [];
  for (let i = 0; i < most; ++i) kept.push(list[Math.round((i * (list.length - 1)) / (most - 1))]);
  return kept;
}
