"use strict";
// What the parameters do: importances, parallel coordinates, slice.

const kMostSlices = 12;
const kMostLines = 1000;
const kMostSlicePoints = 2000;
const kAbsent = "absent";

/** Of a list from the worst to the best as many as may be drawn: the best ones, and evenly spread ones of the rest. */
function bestAndSpread(list, most) {
  if (list.length <= most) return list;
  const n_best = Math.floor(most / 5);
  return [...thinned(list.slice(0, -n_best), most - n_best), ...list.slice(-n_best)];
}

function drawnNote(n_drawn, n_all) {
  const [drawn, all] = [n_drawn, n_all].map((n) => n.toLocaleString("en"));
  return drawn === all ? "" : `${drawn} of ${all} trials are drawn: the best and evenly spread ones.`;
}

/** Position of a label every few choices, so that they stay readable. */
function choiceTicks(parameter, most) {
  const every = Math.max(1, Math.ceil(parameter.choices.length / most));
  const tickvals = parameter.choices.map((_, i) => i).filter((i) => i % every === 0);
  return {tickvals, ticktext: tickvals.map((i) => plotText(parameter.choices[i], 16) || "“”")};
}

const kRoundSteps = [1, 2, 5];

/** Round values of a logarithmic range, given as powers of ten: 1, 2, 5 where it is short, else powers. */
function logValues(low, high, most) {
  const values = [];
  const steps = high - low <= 2.5 ? kRoundSteps : [1];
  for (let power = Math.floor(low); power <= high; ++power) {
    for (const step of steps) {
      const at = power + Math.log10(step);
      if (at >= low - 1e-9 && at <= high + 1e-9) values.push(step * 10 ** power);
    }
  }
  const every = Math.max(1, Math.ceil(values.length / most));
  return values.filter((_, i) => i % every === 0);
}

/** Both ends of the range with a little room, so that axes stay the same whatever the trials have. */
function withRoom(low, high) {
  const room = high > low ? 0.04 * (high - low) : 0.5;
  return [low - room, high + room];
}

/** An axis for the values of a parameter: choices by label, log where the parameter is. */
function parameterAxis(parameter, more = {}, n_ticks = 12) {
  const title = plotText(parameter.name);
  if (parameter.type === "categorical") {
    return axisLook({
      title,
      type: "linear",
      range: [-0.5, parameter.choices.length - 0.5],
      ...choiceTicks(parameter, n_ticks),
      ...more,
    });
  }
  if (!parameter.log) {
    const is_short = parameter.type === "int" && parameter.high - parameter.low < n_ticks;
    return axisLook({
      title,
      type: "linear",
      nticks: n_ticks,
      ...(is_short ? {dtick: 1, tick0: 0} : {}),
      range: withRoom(parameter.low, parameter.high),
      ...more,
    });
  }
  const [low, high] = [Math.log10(parameter.low), Math.log10(parameter.high)];
  const tickvals = logValues(low, high, n_ticks);
  return axisLook({
    title,
    type: "log",
    range: withRoom(low, high),
    tickvals,
    ticktext: tickvals.map((value) => numberText(value, 3)),
    ...more,
  });
}

function importancesOf(objective) {
  return report.importances[objective] ?? {reason: "Importances need at least two COMPLETE trials."};
}

function drawImportances() {
  const entry = importancesOf(selection.objective);
  if (!entry.values) return {empty: entry.reason};
  const kMost = 25;
  const shown = entry.values.slice(0, kMost).reverse();
  const peak = Math.max(...shown.map(([, share]) => share), 0.01);
  return {
    height: Math.max(220, 60 + 24 * shown.length),
    traces: [
      {
        type: "bar",
        orientation: "h",
        name: "",
        x: shown.map(([, share]) => share),
        y: shown.map((_, i) => i),
        text: shown.map(([, share]) => numberText(Math.round(share * 1000) / 1000)),
        textposition: "outside",
        cliponaxis: false,
        hovertext: shown.map(([name, share]) => `${plotText(name, 80)}: ${numberText(share)}`),
        hoverinfo: "text",
        marker: {color: stateColour("COMPLETE")},
      },
    ],
    layout: {
      showlegend: false,
      bargap: 0.35,
      xaxis: axisLook({title: "importance", range: [0, 1.15 * peak]}),
      yaxis: axisLook({
        tickvals: shown.map((_, i) => i),
        ticktext: shown.map(([name]) => plotText(name, 22)),
        showgrid: false,
        ticks: "",
      }),
    },
    note: joinNotes(
      `${entry.evaluator} for ${printable(metricName(selection.objective))}.`,
      entry.values.length > kMost ? `The first ${kMost} of ${entry.values.length}.` : ""
    ),
  };
}

/** Ticks of a logarithmic range, as positions in log10. */
function logTicks(low, high) {
  const values = logValues(low, high, 8);
  if (values.length < 2) return {tickvals: [low, high], ticktext: [low, high].map((at) => numberText(10 ** at, 3))};
  return {tickvals: values.map(Math.log10), ticktext: values.map((value) => numberText(value, 3))};
}

function linearTicks(low, high, is_whole = false) {
  const n_steps = is_whole && high - low <= 10 ? Math.max(1, high - low) : 4;
  const tickvals = Array.from({length: n_steps + 1}, (_, i) => low + (i / n_steps) * (high - low));
  const whole = is_whole ? [...new Set(tickvals.map(Math.round))] : tickvals;
  return {tickvals: whole, ticktext: whole.map((at) => numberText(at, is_whole ? 6 : 3))};
}

function dimensionScale(parameter, values) {
  if (parameter.type === "categorical") {
    return {
      at: (value) => value,
      low: 0,
      high: Math.max(1, parameter.choices.length - 1),
      ...choiceTicks(parameter, 14),
    };
  }
  const at = parameter.log ? Math.log10 : (value) => value;
  const present = values
    .filter((value) => value !== null)
    .map(at)
    .filter(Number.isFinite);
  let low = present.reduce((a, b) => Math.min(a, b), at(parameter.low));
  let high = present.reduce((a, b) => Math.max(a, b), at(parameter.high));
  if (!(high > low)) [low, high] = [low - 0.5, low + 0.5];
  return {at, low, high, ...(parameter.log ? logTicks(low, high) : linearTicks(low, high, parameter.type === "int"))};
}

/** One axis of the parallel coordinates. Trials without the parameter meet below its range. */
function parameterDimension(position, trials, label_length) {
  const parameter = report.parameters[position];
  const values = trials.map((trial) => paramOf(trial, position));
  const scale = dimensionScale(parameter, values);
  const has_absent = values.includes(null);
  const below = scale.low - 0.14 * (scale.high - scale.low);
  return {
    label: plotText(parameter.name, label_length),
    values: values.map((value) => (value === null ? below : scale.at(value))),
    range: [has_absent ? below : scale.low, scale.high],
    tickvals: has_absent ? [below, ...scale.tickvals] : scale.tickvals,
    ticktext: has_absent ? [kAbsent, ...scale.ticktext] : scale.ticktext,
  };
}

function drawParallel() {
  const objective = selection.objective;
  const trials = comparableTrials(objective).filter((trial) => trial.isFeasible);
  if (trials.length === 0) return {empty: "No feasible trial is COMPLETE with a finite value yet."};
  const values = trials.map((trial) => trial.values[objective]);
  const view = firstView(values, bestValues(objective));
  const low = view.range ? view.range[0] : values.reduce((a, b) => Math.min(a, b));
  const high = view.range ? view.range[1] : values.reduce((a, b) => Math.max(a, b));
  const clamped = values.map((value) => Math.min(Math.max(value, low), high));
  const positions = shownParameters();
  const span = high > low ? [low, high] : [low - 0.5, low + 0.5];
  const min_width = 92 * (positions.length + 1);
  const width = Math.max(document.getElementById("cards").clientWidth - 190, min_width - 150);
  const label_length = Math.max(8, Math.floor(width / Math.max(1, positions.length) / 6.7));
  const dimensions = positions.map((position) => parameterDimension(position, trials, label_length));
  dimensions.push({
    label: plotText(metricName(objective), label_length),
    values: clamped,
    range: span,
    ...linearTicks(...span),
  });
  // The best lines are drawn last, on top.
  const order = trials.map((_, i) => i).sort((a, b) => (isMaximized(objective) ? 1 : -1) * (clamped[a] - clamped[b]));
  brush.trials = order.map((i) => trials[i]);
  brush.values = dimensions.map((dimension) => order.map((i) => dimension.values[i]));
  // Axes can be dragged into another order.
  dimensions.forEach((dimension, i) => (dimension.name = String(i)));
  const drawn = bestAndSpread(
    order.map((_, row) => row),
    kMostLines
  );
  dimensions.forEach((dimension, i) => {
    dimension.values = drawn.map((row) => brush.values[i][row]);
  });
  return {
    shows: positions.join(),
    height: 400,
    minWidth: min_width,
    traces: [
      {
        type: "parcoords",
        dimensions,
        labelfont: {size: 12, color: colour("ink")},
        tickfont: {size: 11, color: colour("muted")},
        rangefont: {size: 1, color: "rgba(0,0,0,0)"},
        unselected: {line: {color: colour("grid"), opacity: 0.25}},
        line: {
          color: drawn.map((row) => clamped[order[row]]),
          colorscale: objectiveScale(objective),
          cmin: span[0],
          cmax: span[1],
        },
      },
    ],
    layout: {margin: {l: 70, r: 80, t: 46, b: 24}},
    note: joinNotes(
      "Drag along an axis to select trials; the table below follows.",
      drawnNote(drawn.length, trials.length),
      leftOutNote(positions.length),
      view.n_outside > 0 ? `${countText(view.n_outside, "extreme value")} drawn at the end of the axis.` : "",
      undrawableNote(objective)
    ),
  };
}

/** What is selected on the axes: numbers of trials, or null for all. */
const brush = {trials: [], values: [], numbers: null};

function isBrushed({constraintrange: ranges}, value) {
  if (!ranges || ranges.length === 0) return true;
  return (Array.isArray(ranges[0]) ? ranges : [ranges]).some(([low, high]) => low <= value && value <= high);
}

/** The table follows what is selected on the axes as they are drawn now; other axes have no selection. */
function readBrush(plot) {
  const dimensions = plot.data?.[0].dimensions ?? [];
  const has_brush = dimensions.some((dimension) => dimension.constraintrange?.length > 0);
  if (!has_brush && brush.numbers === null) return;
  const rows = brush.trials.filter((_, row) =>
    dimensions.every((dimension) => isBrushed(dimension, brush.values[Number(dimension.name)][row]))
  );
  brush.numbers = has_brush ? new Set(rows.map((trial) => trial.number)) : null;
  showTable();
}

function followBrush(plot) {
  plot.on("plotly_restyle", () => readBrush(plot));
}

function sliceTrace(position, i, trials, objective, size) {
  const suffix = i === 0 ? "" : String(i + 1);
  const with_it = trials.filter((trial) => paramOf(trial, position) !== null);
  // Plotly cannot place a subplot without a point.
  const is_empty = with_it.length === 0;
  return {
    type: scatterType(report.trials.length),
    mode: "markers",
    name: plotText(report.parameters[position].name),
    x: is_empty ? [null] : with_it.map((trial) => paramOf(trial, position)),
    y: is_empty ? [null] : with_it.map((trial) => trial.values[objective]),
    customdata: with_it.map((trial) => trial.number),
    hovertext: with_it.map(trialHover),
    hoverinfo: "text",
    xaxis: `x${suffix}`,
    yaxis: `y${suffix}`,
    marker: {color: with_it.map((trial) => trial.number), coloraxis: "coloraxis", size, opacity: 0.8},
  };
}

function drawSlice() {
  const objective = selection.objective;
  const all = comparableTrials(objective);
  const sign = isMaximized(objective) ? 1 : -1;
  const ranked = [...all].sort((a, b) => sign * (a.values[objective] - b.values[objective]));
  const trials = all.length > kMostSlicePoints ? bestAndSpread(ranked, kMostSlicePoints) : all;
  const positions = shownParameters().slice(0, kMostSlices);
  if (trials.length === 0) return {empty: "No trial is COMPLETE with a finite value yet."};
  if (positions.length === 0) return {empty: "The trials have no parameters."};
  const width = document.getElementById("cards").clientWidth - 40;
  const columns = Math.max(1, Math.min(positions.length, Math.floor(width / 250)));
  const rows = Math.ceil(positions.length / columns);
  const view = firstView(
    trials.map((trial) => trial.values[objective]),
    bestValues(objective)
  );
  const layout = {
    showlegend: false,
    grid: {rows, columns, pattern: "independent", xgap: 0.12, ygap: 0.38},
    margin: {l: 60, r: 10, t: 10, b: 44},
    coloraxis: {
      colorscale: valueScale(),
      cmin: 0,
      cmax: Math.max(1, report.trials.length - 1),
      showscale: width > 700,
      colorbar: colourBar("trial"),
    },
  };
  positions.forEach((position, i) => {
    const suffix = i === 0 ? "" : String(i + 1);
    const is_left = i % columns === 0;
    layout[`xaxis${suffix}`] = parameterAxis(report.parameters[position], {}, 6);
    layout[`yaxis${suffix}`] = axisLook({
      title: is_left ? plotText(metricName(objective)) : "",
      matches: i === 0 ? undefined : "y",
      range: view.range,
      showticklabels: is_left,
    });
  });
  return {
    shows: positions.join(),
    traces: positions.map((position, i) =>
      sliceTrace(position, i, trials, objective, trials.length > kManyPoints ? 3 : 6)
    ),
    layout,
    height: 40 + 220 * rows,
    note: joinNotes(
      drawnNote(trials.length, all.length),
      leftOutNote(positions.length),
      outsideNote(view.n_outside),
      undrawableNote(objective)
    ),
  };
}

function addParameterPlots() {
  addPlotCard({
    id: "parallel",
    title: "Parallel coordinates",
    width: "full",
    height: 400,
    draw: drawParallel,
    after: followBrush,
    afterEach: readBrush,
    isNeeded: () => brush.numbers !== null,
  });
  addPlotCard({id: "slice", title: "Slice", width: "full", height: 480, draw: drawSlice, after: openTrialOnClick});
}

function addImportancePlot() {
  addPlotCard({id: "importances", title: "Parameter importances", draw: drawImportances});
}
