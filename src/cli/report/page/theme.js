"use strict";
// Colours. The style sheet has them; plots read them from there.

const theme = {asked: null};

function isDark() {
  return theme.asked ? theme.asked === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function stateColour(state) {
  return colour(`state-${state.toLowerCase()}`);
}

/** From the worst to the best value. */
function valueScale() {
  const colours = isDark()
    ? ["#243447", "#2f5d8a", "#3f8fc4", "#7fc4e8", "#e2f4ff"]
    : ["#d5e0ea", "#9fc1de", "#5b98c9", "#276aa5", "#0b2f5c"];
  return colours.map((value, i) => [i / (colours.length - 1), value]);
}

/** The same for values of an objective, whose best may be the smallest. */
function objectiveScale(objective) {
  const scale = valueScale();
  if (isMaximized(objective)) return scale;
  return scale.map(([at], i) => [at, scale[scale.length - 1 - i][1]]);
}

/** Colours that tell single trials apart. */
function trialColours() {
  return isDark()
    ? ["#6db3f2", "#f2a65a", "#7fd1a1", "#e58fb1", "#c3a6ff", "#e6d36f", "#7fd6d6", "#c9c9c9"]
    : ["#1f6fb5", "#d0720f", "#2a8f5b", "#b8336f", "#6a4fb6", "#8a7400", "#1a8a8a", "#666666"];
}

function axisLook(more = {}) {
  return {
    gridcolor: colour("grid"),
    linecolor: colour("rule"),
    zeroline: false,
    showline: true,
    ticks: "outside",
    ticklen: 4,
    tickcolor: colour("rule"),
    automargin: true,
    ...more,
    title: {text: more.title ?? "", standoff: 8, font: {size: 12, color: colour("muted")}},
  };
}

function baseLayout(more = {}) {
  return {
    paper_bgcolor: colour("card"),
    plot_bgcolor: "rgba(0,0,0,0)",
    font: {family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("ink")},
    margin: {l: 56, r: 16, t: 8, b: 44},
    hovermode: "closest",
    hoverlabel: {
      bgcolor: colour("card"),
      bordercolor: colour("rule"),
      align: "left",
      font: {family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("ink")},
    },
    legend: {orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: {size: 12}},
    ...more,
  };
}

function colourBar(title, more = {}) {
  return {
    title: {text: title, side: "right", font: {size: 12, color: colour("muted")}},
    thickness: 10,
    outlinewidth: 0,
    ticks: "outside",
    ticklen: 3,
    ...more,
  };
}

function showTheme() {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
  const button = document.getElementById("theme-toggle");
  button.textContent = isDark() ? "Light" : "Dark";
}

/** `redraw` is called whenever colours change. */
function startTheme(redraw) {
  const changed = () => {
    showTheme();
    redraw();
  };
  document.getElementById("theme-toggle").addEventListener("click", () => {
    theme.asked = isDark() ? "light" : "dark";
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  showTheme();
}
