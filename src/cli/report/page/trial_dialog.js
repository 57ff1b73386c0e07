"use strict";
// Everything that is known of one trial.

function factList(facts) {
  return element(
    "dl",
    {className: "facts"},
    ...facts.flatMap(([name, value]) => [
      element("dt", {textContent: printable(name)}),
      element("dd", {textContent: value}),
    ])
  );
}

function trialFacts(trial) {
  const facts = [["state", trial.state + (trial.isFeasible ? "" : ", infeasible")]];
  trial.values.forEach((value, i) => {
    if (i < report.study.directions.length) facts.push([metricName(i), numberText(value)]);
  });
  if (trial.reason) facts.push(["reason", trial.reason]);
  if (trial.violation !== null) facts.push(["violation", numberText(trial.violation)]);
  if (trial.start !== null) facts.push(["started", `${timeText(trial.start)} UTC`]);
  if (durationOf(trial) !== null) facts.push(["duration", durationText(durationOf(trial))]);
  if (trial.reports.length > 0) {
    const last = trial.reports.length - 1;
    facts.push(["last report", `${numberText(trial.reports[last])} at step ${trial.steps[last]}`]);
  }
  return facts;
}

function trialParams(trial) {
  return report.parameters
    .map((parameter, position) => [parameter.name, paramText(trial, position), paramOf(trial, position)])
    .filter(([, , value]) => value !== null)
    .map(([name, text]) => [name, text]);
}

function openTrial(trial) {
  const dialog = document.getElementById("trial-dialog");
  const close = element("button", {type: "button", className: "quiet", textContent: "Close"});
  close.addEventListener("click", () => dialog.close());
  const actions = [close];
  if (hasCurves(trial)) {
    const curves = element("button", {type: "button", textContent: "Learning curves"});
    curves.addEventListener("click", () => {
      dialog.close();
      showCurvesOf(trial);
    });
    actions.unshift(curves);
  }
  const part = (title, facts) => (facts.length === 0 ? [] : [element("h3", {textContent: title}), factList(facts)]);
  dialog.replaceChildren(
    element(
      "div",
      {className: "dialog-head"},
      element("h2", {id: "trial-dialog-title", textContent: `Trial ${trial.number}`}),
      element("div", {className: "card-controls"}, ...actions)
    ),
    factList(trialFacts(trial)),
    ...part("Parameters", trialParams(trial)),
    ...part("User attributes", Object.entries(trial.attributes))
  );
  if (!dialog.open) dialog.showModal();
}

function startDialog() {
  const dialog = document.getElementById("trial-dialog");
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}
