"use strict";
// How the study went: values by trial, reports by step, distribution of values, who worked when.

const kShownCurves = 300;

function bestSoFar(trials, objective) {
  const sign = isMaximized(objective) ? 1 : -1;
  const line = {x: [], y: []};
  let best = null;
  for (const trial of trials) {
    const value = trial.values[objective];
    if (!trial.isFeasible || (best !== null && sign * value <= sign * best)) continue;
    best = value;
    line.x.push(trial.number);
    line.y.push(value);
  }
  if (best !== null && report.trials.length > 0) {
    line.x.push(report.trials.length - 1);
    line.y.push(best);
  }
  return line;
}

function pointTrace(trials, objective, name, marker) {
  return {
    type: scatterType(report.trials.length),
    mode: "markers",
    name,
    x: trials.map((trial) => trial.number),
    y: trials.map((trial) => trial.values[objective]),
    customdata: trials.map((trial) => trial.number),
    hovertext: trials.map(trialHover),
    hoverinfo: "text",
    marker,
  };
}

function drawHistory() {
  const objective = selection.objective;
  const trials = comparableTrials(objective);
  if (trials.length === 0) return {empty: "No trial is COMPLETE with a finite value yet."};
  const feasible = trials.filter((trial) => trial.isFeasible);
  const infeasible = trials.filter((trial) => !trial.isFeasible);
  const size = trials.length > kManyPoints ? 4 : 7;
  const traces = [pointTrace(feasible, objective, "COMPLETE", {color: stateColour("COMPLETE"), size, opacity: 0.75})];
  if (infeasible.length > 0) {
    traces.push(
      pointTrace(infeasible, objective, "infeasible", {
        color: colour("muted"),
        size,
        symbol: "x-thin-open",
        opacity: 0.8,
      })
    );
  }
  const best = bestSoFar(trials, objective);
  traces.push({
    type: "scatter",
    mode: "lines",
    name: "best so far",
    ...best,
    hoverinfo: "y",
    line: {color: colour("accent"), width: 2, shape: "hv"},
  });
  const view = firstView(
    trials.map((trial) => trial.values[objective]),
    bestValues(objective)
  );
  return {
    traces,
    layout: {
      xaxis: axisLook({title: "trial", range: withRoom(0, Math.max(1, report.trials.length - 1))}),
      yaxis: axisLook({title: plotText(metricName(objective)), range: view.range}),
    },
    note: joinNotes(outsideNote(view.n_outside), undrawableNote(objective)),
  };
}

/** Reported trials that are drawn: the best, then evenly spread ones of each state. */
function shownReports() {
  const reported = report.trials.filter((trial) => trial.reports.some(isDrawable));
  if (reported.length <= kShownCurves) return {shown: reported, n_all: reported.length};
  const best = new Set(rankedTrials(0).slice(0, kShownCurves / 6));
  const shown = reported.filter((trial) => best.has(trial));
  const rest = reported.filter((trial) => !best.has(trial)).sort((a, b) => a.state.localeCompare(b.state));
  return {shown: shown.concat(thinned(rest, kShownCurves - shown.length)), n_all: reported.length};
}

/** Many curves as one trace, with gaps between them. */
function curveTrace(trials, state) {
  const trace = {
    type: "scatter",
    mode: "lines+markers",
    name: state,
    x: [],
    y: [],
    customdata: [],
    hovertext: [],
    hoverinfo: "text",
    connectgaps: false,
    line: {color: stateColour(state), width: 1.2},
    marker: {size: 3.5},
    opacity: state === "COMPLETE" ? 0.6 : 0.75,
  };
  if (state === "PRUNED") trace.line.dash = "dot";
  for (const trial of trials) {
    trial.steps.forEach((step, i) => {
      trace.x.push(step);
      trace.y.push(isDrawable(trial.reports[i]) ? trial.reports[i] : null);
      trace.customdata.push(trial.number);
      trace.hovertext.push(`${trialLabel(trial)}<br>step ${step}: ${numberText(trial.reports[i])}`);
    });
    trace.x.push(null);
    trace.y.push(null);
    trace.customdata.push(null);
    trace.hovertext.push("");
  }
  return trace;
}

function prunedMarks(trials) {
  const ended = trials.filter((trial) => trial.state === "PRUNED");
  const last = (list) => list[list.length - 1];
  return {
    type: "scatter",
    mode: "markers",
    showlegend: false,
    hoverinfo: "skip",
    x: ended.map((trial) => last(trial.steps)),
    y: ended.map((trial) => (isDrawable(last(trial.reports)) ? last(trial.reports) : null)),
    marker: {symbol: "x", size: 6, color: stateColour("PRUNED")},
  };
}

function drawReports() {
  const {shown, n_all} = shownReports();
  if (n_all === 0) return {empty: "No trial reported intermediate values."};
  const traces = [];
  for (const state of ["COMPLETE", "PRUNED", "FAIL", "RUNNING", "WAITING"]) {
    const trials = shown.filter((trial) => trial.state === state);
    if (trials.length > 0) traces.push(curveTrace(trials, state));
  }
  if (shown.some((trial) => trial.state === "PRUNED")) traces.push(prunedMarks(shown));
  const view = firstView(shown.flatMap((trial) => trial.reports));
  const is_thinned = shown.some((trial) => trial.isThinned);
  return {
    traces,
    layout: {
      xaxis: axisLook({title: "step"}),
      yaxis: axisLook({
        title: report.study.directions.length === 1 ? plotText(metricName(0)) : "intermediate value",
        range: view.range,
      }),
    },
    note: joinNotes(
      n_all > shown.length
        ? `${shown.length} of ${n_all.toLocaleString("en")} trials: the best and evenly spread ones.`
        : "",
      is_thinned ? "Long curves are thinned." : "",
      outsideNote(view.n_outside)
    ),
  };
}

function drawEdf() {
  const objective = selection.objective;
  const values = comparableTrials(objective)
    .map((trial) => trial.values[objective])
    .sort((a, b) => a - b);
  if (values.length === 0) return {empty: "No trial is COMPLETE with a finite value yet."};
  const points = thinned(
    values.map((value, i) => [value, (i + 1) / values.length]),
    1000
  );
  const view = firstView(values);
  return {
    traces: [
      {
        type: "scatter",
        mode: "lines",
        name: "",
        x: points.map(([x]) => x),
        y: points.map(([, y]) => y),
        line: {color: stateColour("COMPLETE"), width: 2, shape: "hv"},
        fill: "tozeroy",
        fillcolor: colour("fill"),
        hovertext: points.map(([x, y]) => `${numberText(100 * y, 3)} % of the trials<br>up to ${numberText(x)}`),
        hoverinfo: "text",
      },
    ],
    layout: {
      showlegend: false,
      xaxis: axisLook({title: plotText(metricName(objective)), range: view.range}),
      yaxis: axisLook({title: "share of trials", range: [0, 1.02], tickformat: ".0%"}),
    },
    note: joinNotes(outsideNote(view.n_outside), undrawableNote(objective)),
  };
}

/** Trials that overlap in time stand in different lanes: as many lanes as worked at once. */
function workerLanes(trials) {
  const ends = [];
  return trials.map((trial) => {
    let lane = ends.findIndex((end) => end <= trial.start);
    if (lane < 0) lane = ends.length;
    ends[lane] = trial.end ?? shownUntil();
    return lane + 1;
  });
}

function timelineTrace(state, entries, thickness) {
  const trace = {
    type: scatterType(report.trials.length),
    mode: "lines",
    name: state,
    x: [],
    y: [],
    customdata: [],
    hovertext: [],
    hoverinfo: "text",
    line: {color: stateColour(state), width: thickness},
  };
  for (const [trial, lane] of entries) {
    const end = trial.end ?? shownUntil();
    const text = `${trialLabel(trial)}<br>${timeText(trial.start)} UTC<br>${durationText(end - trial.start)}`;
    // The middle can be pointed at too.
    for (const time of [trial.start, (trial.start + end) / 2, end]) {
      trace.x.push(time);
      trace.y.push(lane);
      trace.customdata.push(trial.number);
      trace.hovertext.push(text);
    }
    trace.x.push(null);
    trace.y.push(null);
    trace.customdata.push(null);
    trace.hovertext.push("");
  }
  return trace;
}

function drawTimeline() {
  const trials = report.trials
    .filter((trial) => trial.start !== null && (trial.end !== null || trial.state === "RUNNING"))
    .sort((a, b) => a.start - b.start || a.number - b.number);
  if (trials.length === 0) return {empty: "No trial has started yet."};
  const lanes = workerLanes(trials);
  const n_lanes = lanes.reduce((most, lane) => Math.max(most, lane), 1);
  const height = Math.min(560, Math.max(220, 110 + 34 * n_lanes));
  const thickness = Math.max(2, Math.min(20, (0.62 * (height - 110)) / n_lanes));
  const traces = [];
  for (const state of kStates) {
    const entries = trials.map((trial, i) => [trial, lanes[i]]).filter(([trial]) => trial.state === state);
    if (entries.length > 0) traces.push(timelineTrace(state, entries, thickness));
  }
  return {
    traces,
    height,
    layout: {
      xaxis: axisLook({title: "time (UTC)", type: "date"}),
      yaxis: axisLook({
        title: "worker",
        range: [n_lanes + 0.6, 0.4],
        dtick: Math.max(1, Math.ceil(n_lanes / 12)),
        tick0: 1,
        showgrid: false,
      }),
    },
    note: "Trials that ran at the same time stand in different lines.",
  };
}

function addProgressPlots() {
  addPlotCard({id: "history", title: "Optimisation history", draw: drawHistory, after: openTrialOnClick});
  addPlotCard({id: "reports", title: "Intermediate values", draw: drawReports, after: openTrialOnClick});
}

function addEdf() {
  addPlotCard({id: "edf", title: "Empirical distribution", draw: drawEdf});
}

function addTimeline() {
  addPlotCard({
    id: "timeline",
    title: "Timeline",
    draw: drawTimeline,
    after: openTrialOnClick,
    width: "full",
    height: 240,
  });
}
