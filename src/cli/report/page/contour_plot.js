"use strict";
// The objective over two parameters, interpolated between trials.

const kContourSide = 48;
const kContourTrials = 1500;

const contour = {x: null, y: null};

function contourPositions() {
  const [first, second] = importantParameters();
  const known = (position) => position !== null && position < report.parameters.length;
  const x = known(contour.x) ? contour.x : first;
  const y = known(contour.y) && contour.y !== x ? contour.y : first === x ? second : first;
  return [x, y];
}

/** The parameter's range as the unit interval, log where the parameter is. */
function unitScale(position, trials) {
  const parameter = report.parameters[position];
  const scale = dimensionScale(
    parameter,
    trials.map((trial) => paramOf(trial, position))
  );
  const is_choice = parameter.type === "categorical";
  const n = is_choice ? parameter.choices.length : kContourSide;
  const places = Array.from({length: n}, (_, i) =>
    n === 1 ? scale.low : scale.low + (i / (n - 1)) * (scale.high - scale.low)
  );
  return {
    unit: (value) => (scale.at(value) - scale.low) / (scale.high - scale.low),
    places: places.map((at) => (at - scale.low) / (scale.high - scale.low)),
    values: is_choice ? parameter.choices.map((_, i) => i) : places.map((at) => (parameter.log ? 10 ** at : at)),
  };
}

/** Shepard's inverse-distance weighting with a small radius that smooths trials which lie close together. */
function interpolated(points, x_places, y_places) {
  const kRadius = 0.0009;
  return y_places.map((y) =>
    x_places.map((x) => {
      let weights = 0;
      let sum = 0;
      for (const point of points) {
        const distance = (point.x - x) ** 2 + (point.y - y) ** 2 + kRadius;
        const weight = 1 / (distance * distance);
        weights += weight;
        sum += weight * point.value;
      }
      return sum / weights;
    })
  );
}

/** Choices are apart from each other, numbers are not. */
function choiceGaps(x, y) {
  const gap = (position) => (report.parameters[position].type === "categorical" ? 3 : 0);
  return {xgap: gap(x), ygap: gap(y)};
}

function drawContour() {
  const objective = selection.objective;
  if (report.parameters.length < 2) return {empty: "A contour needs two parameters."};
  const [x, y] = contourPositions();
  const all = comparableTrials(objective).filter((trial) => paramOf(trial, x) !== null && paramOf(trial, y) !== null);
  if (all.length < 3) return {empty: "Fewer than three COMPLETE trials have both parameters."};
  const trials = thinned(all, kContourTrials);
  const [x_scale, y_scale] = [unitScale(x, trials), unitScale(y, trials)];
  const view = firstView(
    trials.map((trial) => trial.values[objective]),
    bestValues(objective)
  );
  const clamp = (value) => (view.range ? Math.min(Math.max(value, view.range[0]), view.range[1]) : value);
  const points = trials.map((trial) => ({
    x: x_scale.unit(paramOf(trial, x)),
    y: y_scale.unit(paramOf(trial, y)),
    value: clamp(trial.values[objective]),
  }));
  const has_choices = [x, y].some((position) => report.parameters[position].type === "categorical");
  return {
    shows: `${x} ${y}`,
    traces: [
      {
        type: has_choices ? "heatmap" : "contour",
        x: x_scale.values,
        y: y_scale.values,
        z: interpolated(points, x_scale.places, y_scale.places),
        colorscale: objectiveScale(objective),
        ncontours: 14,
        line: {width: 0.5, color: colour("card")},
        hoverinfo: "skip",
        ...choiceGaps(x, y),
        colorbar: colourBar(plotText(metricName(objective), 24)),
      },
      {
        type: scatterType(trials.length),
        mode: "markers",
        showlegend: false,
        x: trials.map((trial) => paramOf(trial, x)),
        y: trials.map((trial) => paramOf(trial, y)),
        customdata: trials.map((trial) => trial.number),
        hovertext: trials.map(trialHover),
        hoverinfo: "text",
        marker: {size: 5, color: colour("card"), line: {width: 1, color: colour("ink")}},
      },
    ],
    layout: {
      xaxis: parameterAxis(report.parameters[x], {showgrid: false}, 8),
      yaxis: parameterAxis(report.parameters[y], {showgrid: false}),
    },
    note: joinNotes(
      "Between the trials (points) inverse-distance interpolation.",
      all.length > trials.length ? `${trials.length} of ${all.length.toLocaleString("en")} trials.` : "",
      view.n_outside > 0 ? "Extreme values are clipped." : ""
    ),
  };
}

/** The selects list the parameters anew whenever one is opened: a running study may add some. */
function contourSelect(axis) {
  const list = element("select", {id: `contour-${axis}`, "aria-label": `Parameter on the ${axis} axis`});
  const fill = () => {
    const position = contourPositions()[axis === "x" ? 0 : 1];
    if (list.options.length === report.parameters.length && list.value === String(position)) return;
    list.replaceChildren(
      ...importantParameters().map((other) =>
        element("option", {value: String(other), textContent: cutText(printable(report.parameters[other].name), 40)})
      )
    );
    list.value = String(position ?? "");
  };
  list.addEventListener("change", () => {
    const [x, y] = contourPositions();
    [contour.x, contour.y] = axis === "x" ? [Number(list.value), y] : [x, Number(list.value)];
    if (contour.x === contour.y) [contour.x, contour.y] = axis === "x" ? [contour.x, x] : [y, contour.y];
    refreshContour();
  });
  contour.fills.push(fill);
  return list;
}
contour.fills = [];

function refreshContour() {
  contour.fills.forEach((fill) => fill());
  redraw("contour");
}

function addContourPlot() {
  const controls =
    report.parameters.length < 2 && !report.page.live ? [] : [contourSelect("x"), " × ", contourSelect("y")];
  addPlotCard({
    id: "contour",
    title: "Contour",
    width: "full",
    height: 440,
    draw: drawContour,
    after: openTrialOnClick,
    controls,
  });
  contour.fills.forEach((fill) => fill());
}
