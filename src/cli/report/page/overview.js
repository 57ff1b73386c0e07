"use strict";
// What stands above the plots, and the cards that are text: failures and where the study comes from.

function statesCount() {
  const counts = Object.fromEntries(kStates.map((state) => [state, 0]));
  for (const trial of report.trials) counts[trial.state] += 1;
  return counts;
}

function stateBar(counts) {
  const bar = element("div", {
    className: "state-bar",
    role: "img",
    "aria-label": kStates.map((state) => `${state} ${counts[state]}`).join(", "),
  });
  const legend = element("ul", {className: "state-legend"});
  for (const state of kStates.filter((name) => counts[name] > 0)) {
    const piece = element("span", {className: state.toLowerCase()});
    piece.style.flexGrow = String(counts[state]);
    bar.append(piece);
    legend.append(
      element(
        "li",
        {},
        element("i", {className: state.toLowerCase()}),
        `${state} `,
        element("b", {textContent: counts[state].toLocaleString("en")})
      )
    );
  }
  return [bar, legend];
}

function timeFacts() {
  const started = report.trials.filter((trial) => trial.start !== null);
  if (started.length === 0) return [];
  const first = started.reduce((time, trial) => Math.min(time, trial.start), Infinity);
  const last = started.reduce((time, trial) => Math.max(time, trial.end ?? trial.start), -Infinity);
  const work = started.reduce((sum, trial) => sum + (durationOf(trial) ?? 0), 0);
  const n_finished = started.filter((trial) => trial.end !== null).length;
  const facts = [
    ["started", `${timeText(first)} UTC`],
    ["last change", `${timeText(last)} UTC`],
    ["elapsed", durationText(last - first)],
    ["in trials", durationText(work)],
  ];
  if (last - first >= 60000 && n_finished > 1) {
    facts.push(["trials an hour", numberText(n_finished / ((last - first) / 3600000), 3)]);
  }
  return facts;
}

function summaryCard() {
  const directions = report.study.directions
    .map((direction, i) => `${direction} ${printable(metricName(i))}`)
    .join(", ");
  return element(
    "div",
    {className: "card", id: "summary"},
    element("h2", {textContent: countText(report.trials.length, "trial")}),
    element("p", {className: "note", textContent: directions}),
    ...stateBar(statesCount()),
    factList(timeFacts())
  );
}

function bestCard() {
  const trial = bestTrial();
  const is_one = report.study.directions.length === 1;
  const card = element("div", {className: "card", id: "best"});
  if (!trial) {
    card.append(
      element("h2", {textContent: "Best trial"}),
      element("p", {className: "empty", textContent: "No feasible trial is COMPLETE yet."})
    );
    return card;
  }
  const open = element("button", {type: "button", className: "quiet", textContent: `Trial ${trial.number}`});
  open.addEventListener("click", () => openTrial(trial));
  const title = is_one ? "Best trial" : `Pareto front: ${countText(report.best.size, "trial")}`;
  card.append(
    element(
      "div",
      {className: "card-head"},
      element("h2", {textContent: title}),
      element(
        "div",
        {className: "card-controls"},
        is_one ? null : element("span", {className: "note", textContent: "the first:"}),
        open
      )
    )
  );
  const values = report.study.directions.map((_, i) =>
    element(
      "div",
      {className: "big"},
      element("span", {className: "big-value", textContent: numberText(valueOf(trial, i))}),
      element("span", {className: "note", textContent: printable(metricName(i))})
    )
  );
  card.append(element("div", {className: "big-row"}, ...values), factGrid(trialParams(trial)));
  return card;
}

/** Of a thousand parameters the first dozens; the trial's own window has all. */
function factGrid(facts) {
  const kMost = 36;
  const shown = facts.slice(0, kMost);
  const grid = element(
    "div",
    {className: "fact-grid"},
    ...shown.map(([name, value]) =>
      element(
        "div",
        {},
        element("span", {className: "name", textContent: cutText(printable(name)), title: name}),
        element("span", {className: "value", textContent: cutText(printable(value), 40), title: value})
      )
    )
  );
  if (facts.length > kMost)
    grid.append(element("p", {className: "note", textContent: `and ${facts.length - kMost} more`}));
  return grid;
}

function failureGroups() {
  const groups = new Map();
  for (const trial of report.trials) {
    if (trial.state !== "FAIL") continue;
    const reason = trial.reason || "no reason is stored";
    groups.set(reason, [...(groups.get(reason) ?? []), trial]);
  }
  return [...groups].sort(([, a], [, b]) => b.length - a.length);
}

function failureRow([reason, trials]) {
  const kMost = 12;
  const links = trials.slice(0, kMost).map((trial) => {
    const button = element("button", {type: "button", className: "link", textContent: String(trial.number)});
    button.addEventListener("click", () => openTrial(trial));
    return button;
  });
  return element(
    "li",
    {},
    element("b", {textContent: countText(trials.length, "trial")}),
    element("span", {className: "reason", textContent: cutText(printable(reason), 400)}),
    element(
      "span",
      {className: "links"},
      ...links,
      trials.length > kMost ? ` and ${trials.length - kMost} more` : null
    )
  );
}

function showFailures() {
  const kMost = 50;
  const groups = failureGroups();
  const body = document.getElementById("failure-list");
  body.replaceChildren(...groups.slice(0, kMost).map(failureRow));
  const note = document.getElementById("failure-note");
  note.textContent =
    groups.length === 0
      ? "No trial failed."
      : groups.length > kMost
        ? `and ${groups.length - kMost} other reasons`
        : "";
}

function addFailures() {
  addTextCard(
    "failures",
    "Failures",
    element("ul", {id: "failure-list", className: "failures"}),
    element("p", {className: "note", id: "failure-note"})
  );
}

function provenanceFacts() {
  const text = (value) => (typeof value === "object" && value !== null ? JSON.stringify(value) : String(value));
  const facts = [
    ["storage", report.page.source],
    ["study", report.study.name],
  ];
  for (const part of [report.study.provenance, report.study.user_attrs]) {
    for (const [name, value] of Object.entries(part)) facts.push([name, cutText(printable(text(value)), 300)]);
  }
  return facts;
}

function showProvenance() {
  const body = document.getElementById("provenance-body");
  const parts = [factList(provenanceFacts())];
  if (report.study.study_file !== null) {
    parts.push(
      element(
        "details",
        {},
        element("summary", {textContent: "Study file"}),
        element("pre", {textContent: report.study.study_file})
      )
    );
  } else {
    parts.push(
      element("p", {className: "note", textContent: "Another program made this study: it carries no study file."})
    );
  }
  body.replaceChildren(...parts);
}

function addProvenance() {
  addTextCard("provenance", "Provenance", element("div", {id: "provenance-body"}));
}

function showOverview() {
  document.title = `${printable(report.study.name)} · fmnist-tune`;
  document.getElementById("study-name").textContent = cutText(printable(report.study.name), 60);
  document.getElementById("study-name").title = report.study.name;
  document.getElementById("overview").replaceChildren(bestCard(), summaryCard());
  const made = report.page.live ? "live" : `made ${timeText(shownUntil())} UTC`;
  document.getElementById("footer").textContent =
    `fmnist-tune ${report.page.version} · ${made} · nothing on this page is loaded from elsewhere`;
  showFailures();
  showProvenance();
}

function showNavigation() {
  const places = [
    ["overview", "Overview"],
    ["history", "Progress"],
    ["parallel", "Parameters"],
    ["learning", "Curves"],
    ["front", "Front"],
    ["trials", "Trials"],
    ["provenance", "Provenance"],
  ];
  document
    .getElementById("navigation")
    .replaceChildren(
      ...places
        .filter(([id]) => document.getElementById(id))
        .map(([id, text]) => element("a", {href: `#${id}`, textContent: text}))
    );
}
