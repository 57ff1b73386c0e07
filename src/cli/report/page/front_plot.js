"use strict";
// Several objectives: which trials no other one beats.

const front = {x: 0, y: 1};

function frontTrace(trials, name, marker) {
  return {
    type: scatterType(report.trials.length),
    mode: "markers",
    name,
    x: trials.map((trial) => trial.values[front.x]),
    y: trials.map((trial) => trial.values[front.y]),
    customdata: trials.map((trial) => trial.number),
    hovertext: trials.map(trialHover),
    hoverinfo: "text",
    marker,
  };
}

function drawFront() {
  const trials = comparableTrials(front.x).filter((trial) => isDrawable(valueOf(trial, front.y)));
  if (trials.length === 0) return {empty: "No trial is COMPLETE with finite values yet."};
  const best = trials
    .filter((trial) => report.best.has(trial.number))
    .sort((a, b) => a.values[front.x] - b.values[front.x] || a.values[front.y] - b.values[front.y]);
  const beaten = trials.filter((trial) => trial.isFeasible && !report.best.has(trial.number));
  const infeasible = trials.filter((trial) => !trial.isFeasible);
  const size = trials.length > kManyPoints ? 4 : 7;
  const traces = [frontTrace(beaten, "beaten", {color: stateColour("COMPLETE"), size, opacity: 0.45})];
  if (infeasible.length > 0) {
    traces.push(frontTrace(infeasible, "infeasible", {color: colour("muted"), size, symbol: "x-thin-open"}));
  }
  const top = frontTrace(best, "Pareto front", {color: colour("accent"), size: size + 2});
  if (report.study.directions.length === 2) {
    top.mode = "lines+markers";
    top.line = {color: colour("accent"), width: 1.2, dash: "dot"};
  }
  traces.push(top);
  const x_view = firstView(
    trials.map((trial) => trial.values[front.x]),
    best.map((trial) => trial.values[front.x])
  );
  const y_view = firstView(
    trials.map((trial) => trial.values[front.y]),
    best.map((trial) => trial.values[front.y])
  );
  const title = (objective) => `${plotText(metricName(objective))} (${report.study.directions[objective]})`;
  return {
    shows: `${front.x} ${front.y}`,
    traces,
    layout: {
      xaxis: axisLook({title: title(front.x), range: x_view.range}),
      yaxis: axisLook({title: title(front.y), range: y_view.range}),
    },
    note: joinNotes(
      `${countText(best.length, "trial")} on the front.`,
      report.study.directions.length > 2 ? "The front is that of all objectives; two of them are shown." : "",
      outsideNote(Math.max(x_view.n_outside, y_view.n_outside))
    ),
  };
}

function frontControls() {
  if (report.study.directions.length < 3) return [];
  const options = report.study.directions.map((_, i) => [i, cutText(printable(metricName(i)))]);
  const axis = (name) =>
    select(`Objective on the ${name} axis`, options, front[name], (objective) => {
      front[name] = objective;
      redraw("front");
    });
  return [axis("x"), " × ", axis("y")];
}

function addFrontPlot() {
  if (report.study.directions.length < 2) return;
  addPlotCard({
    id: "front",
    title: "Pareto front",
    width: "full",
    height: 400,
    draw: drawFront,
    after: openTrialOnClick,
    controls: frontControls(),
  });
}
