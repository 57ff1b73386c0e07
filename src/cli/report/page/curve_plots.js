"use strict";
// Learning curves of a few trials: training and validation by epoch.

const kCurveTrials = 5;
const kMostCurveTrials = 8;

const learning = {numbers: null, input: null};

function hasCurves(trial) {
  return Object.keys(trial.curves).length > 0;
}

/** The trials that were asked for, else the best ones, else the last ones. */
function curveTrials() {
  if (learning.numbers) return learning.numbers.map((number) => report.trials[number]).filter(Boolean);
  const best = rankedTrials(selection.objective).filter(hasCurves);
  const others = best.length > 0 ? best : report.trials.filter(hasCurves).reverse();
  return others.slice(0, kCurveTrials);
}

/** train_loss and validation_loss belong together: the last word says what is measured. */
function measureOf(curve_name) {
  return curve_name.split("_").pop() || curve_name;
}

function isTraining(curve_name) {
  return curve_name.startsWith("train");
}

function measuresOf(trials) {
  const measures = new Set();
  for (const trial of trials) Object.keys(trial.curves).forEach((name) => measures.add(measureOf(name)));
  return [...measures].sort().slice(0, 4);
}

function learningTrace(trial, name, i, panel, is_first) {
  const curve = trial.curves[name];
  return {
    type: "scatter",
    mode: "lines+markers",
    name: `trial ${trial.number}`,
    legendgroup: String(trial.number),
    showlegend: is_first,
    x: curve.epochs,
    y: curve.values.map((value) => (isDrawable(value) ? value : null)),
    customdata: curve.epochs.map(() => trial.number),
    hovertext: curve.values.map(
      (value, at) => `${trialLabel(trial)}<br>${plotText(name)}, epoch ${curve.epochs[at]}: ${numberText(value)}`
    ),
    hoverinfo: "text",
    xaxis: panel === 0 ? "x" : `x${panel + 1}`,
    yaxis: panel === 0 ? "y" : `y${panel + 1}`,
    line: {
      color: trialColours()[i % trialColours().length],
      width: isTraining(name) ? 1.2 : 2,
      dash: isTraining(name) ? "dot" : "solid",
    },
    marker: {size: isTraining(name) ? 3 : 4},
  };
}

function drawLearning() {
  if (!report.trials.some(hasCurves)) {
    return {empty: "The trials carry no learning curves; what they reported stands under intermediate values."};
  }
  const trials = curveTrials();
  const measures = measuresOf(trials);
  if (measures.length === 0) return {empty: "The trials asked for carry no learning curves."};
  const width = document.getElementById("cards").clientWidth;
  const columns = width > 700 ? Math.min(2, measures.length) : 1;
  const rows = Math.ceil(measures.length / columns);
  const layout = {grid: {rows, columns, pattern: "independent", xgap: 0.14, ygap: 0.3}};
  const traces = [];
  measures.forEach((measure, panel) => {
    const suffix = panel === 0 ? "" : String(panel + 1);
    const values = [];
    trials.forEach((trial, i) => {
      const names = Object.keys(trial.curves)
        .filter((name) => measureOf(name) === measure)
        .sort((a, b) => isTraining(a) - isTraining(b));
      names.forEach((name, at) => {
        traces.push(learningTrace(trial, name, i, panel, panel === 0 && at === 0));
        values.push(...trial.curves[name].values);
      });
    });
    layout[`xaxis${suffix}`] = axisLook({title: "epoch", rangemode: "tozero"});
    layout[`yaxis${suffix}`] = axisLook({title: plotText(measure), range: firstView(values).range});
  });
  return {
    shows: measures.join(),
    traces,
    layout,
    height: 40 + 300 * rows,
    note: joinNotes(
      "Solid: validation; dotted: training.",
      trials.some((trial) => trial.isThinned) ? "Long curves are thinned." : ""
    ),
  };
}

function readCurveNumbers() {
  const numbers = (learning.input.value.match(/\d+/g) ?? [])
    .map(Number)
    .filter((number) => number < report.trials.length);
  learning.numbers = numbers.length > 0 ? [...new Set(numbers)].slice(0, kMostCurveTrials) : null;
  redraw("learning");
}

/** Adds the trial to the curves that are shown, and goes there. */
function showCurvesOf(trial) {
  learning.input.value = String(trial.number);
  readCurveNumbers();
  document.getElementById("learning").scrollIntoView();
}

function addLearningPlot() {
  learning.input = element("input", {
    type: "text",
    placeholder: "trials: 12, 40",
    "aria-label": "Trials whose curves are shown",
    size: 16,
    id: "curve-numbers",
  });
  learning.input.addEventListener("input", readCurveNumbers);
  addPlotCard({
    id: "learning",
    title: "Learning curves",
    width: "full",
    height: 340,
    draw: drawLearning,
    after: openTrialOnClick,
    controls: [learning.input],
  });
}
