"use strict";
// The study as the page holds it: decoded once, changed by what a running study sends.

const kStates = ["COMPLETE", "PRUNED", "FAIL", "RUNNING", "WAITING"];

const report = {page: {}, study: null, parameters: [], trials: [], best: new Set(), importances: []};

/** Numbers that JSON does not know stand as their names. */
function decodedNumber(value) {
  return value === null ? null : Number(value);
}

function decodedTrial(raw) {
  const curves = {};
  for (const [name, curve] of Object.entries(raw.curves ?? {})) {
    curves[name] = {epochs: curve.epochs, values: curve.values.map(decodedNumber)};
  }
  return {
    number: raw.number,
    state: raw.state,
    values: (raw.values ?? []).map(decodedNumber),
    params: (raw.params ?? []).map(decodedNumber),
    start: raw.start ?? null,
    end: raw.end ?? null,
    reason: raw.reason ?? "",
    isFeasible: raw.violation === undefined || raw.violation === 0,
    violation: raw.violation === undefined ? null : decodedNumber(raw.violation),
    steps: raw.steps ?? [],
    reports: (raw.reports ?? []).map(decodedNumber),
    curves,
    attributes: raw.attrs ?? {},
    isThinned: raw.thinned ?? false,
  };
}

function decodedParameter(raw) {
  return {...raw, low: decodedNumber(raw.low ?? null), high: decodedNumber(raw.high ?? null)};
}

/** Takes over a whole study, or what changed of it. */
function takeOver(data) {
  if (data.page) report.page = data.page;
  report.study = data.study;
  report.parameters = data.parameters.map(decodedParameter);
  report.best = new Set(data.best);
  report.importances = data.importances;
  for (const raw of data.trials) report.trials[raw.number] = decodedTrial(raw);
}

function isMaximized(objective) {
  return report.study.directions[objective] === "maximize";
}

/** The objective's name; several without names are told apart by their position. */
function metricName(objective) {
  const name = report.study.metrics[objective] ?? "value";
  const isAlone = report.study.metrics.filter((other) => other === name).length === 1;
  return isAlone ? name : `${name} ${objective + 1}`;
}

function valueOf(trial, objective) {
  const value = trial.values[objective];
  return value === undefined ? null : value;
}

/** Beyond that the distance of two values is infinite, and there is no axis for them. */
const kHuge = 1e150;

function isDrawable(value) {
  return value !== null && Math.abs(value) <= kHuge;
}

/** COMPLETE trials whose value of the objective can be drawn: what most plots show. */
function comparableTrials(objective) {
  return report.trials.filter((trial) => trial.state === "COMPLETE" && isDrawable(valueOf(trial, objective)));
}

function undrawableCount(objective) {
  return report.trials.filter((trial) => {
    const value = valueOf(trial, objective);
    return trial.state === "COMPLETE" && value !== null && !isDrawable(value);
  }).length;
}

/** Feasible comparable trials, best first. */
function rankedTrials(objective) {
  const sign = isMaximized(objective) ? -1 : 1;
  return comparableTrials(objective)
    .filter((trial) => trial.isFeasible)
    .sort((a, b) => sign * (a.values[objective] - b.values[objective]) || a.number - b.number);
}

/** The best value in a list, which is empty when there is none: what a first view must show. */
function bestValues(objective) {
  const sign = isMaximized(objective) ? -1 : 1;
  const values = comparableTrials(objective)
    .filter((trial) => trial.isFeasible)
    .map((trial) => trial.values[objective]);
  return values.length === 0 ? [] : [sign * values.reduce((best, value) => Math.min(best, sign * value), Infinity)];
}

/** The best trial of a study with one objective, else the first of the front; none: undefined. */
function bestTrial() {
  const numbers = [...report.best].sort((a, b) => a - b);
  return report.trials[numbers[0]];
}

function paramOf(trial, position) {
  const value = trial.params[position];
  return value === undefined ? null : value;
}

/** The value of a parameter as a person reads it; empty where the trial lacks it. */
function paramText(trial, position) {
  const value = paramOf(trial, position);
  if (value === null) return "";
  const parameter = report.parameters[position];
  return parameter.type === "categorical" ? parameter.choices[value] : numberText(value);
}

function durationOf(trial) {
  return trial.start === null || trial.end === null ? null : trial.end - trial.start;
}

/** Until when the page knows the study, in milliseconds. */
function shownUntil() {
  return Date.parse(report.page.time);
}

/** One line for hover texts. */
function trialLabel(trial) {
  return `trial ${trial.number} · ${trial.state}`;
}

/** Hover text of a trial: its values and a few parameters. Kept with it: several plots show it. */
function trialHover(trial) {
  trial.hover ??= hoverText(trial);
  return trial.hover;
}

function hoverText(trial) {
  const lines = [`<b>trial ${trial.number}</b> · ${trial.state}`];
  trial.values.forEach((value, i) => {
    if (i < report.study.directions.length) lines.push(`${plotText(metricName(i))} ${numberText(value)}`);
  });
  if (trial.isFeasible === false) lines.push(`infeasible, violation ${numberText(trial.violation)}`);
  for (const position of importantParameters().slice(0, 8)) {
    const text = paramText(trial, position);
    if (text !== "") lines.push(`${plotText(report.parameters[position].name)} = ${plotText(text)}`);
  }
  return lines.join("<br>");
}

let importantCache = {key: null, positions: []};

/** Positions of all parameters, those that decide most first. */
function importantParameters() {
  if (importantCache.key === report.importances && importantCache.positions.length === report.parameters.length) {
    return importantCache.positions;
  }
  const shares = new Map();
  for (const entry of report.importances) {
    for (const [name, share] of entry.values ?? []) shares.set(name, Math.max(shares.get(name) ?? 0, share));
  }
  const share = (position) => shares.get(report.parameters[position].name) ?? -1;
  const positions = report.parameters.map((_, position) => position);
  positions.sort((a, b) => share(b) - share(a) || a - b);
  importantCache = {key: report.importances, positions};
  return positions;
}
