"use strict";
// The filter above the table: words, and comparisons such as lr<0.01 or optimizer=adam; all must hold.

const kComparison = /^(.+?)(<=|>=|!=|=|<|>)(.*)$/;

function filterTokens(text) {
  const tokens = [];
  for (const match of text.matchAll(/"([^"]*)"|(\S+)/g)) tokens.push(match[1] ?? match[2]);
  return tokens;
}

/** What a name in a comparison stands for: a function from a trial to a number or text, null where it has none. */
function fieldNamed(name) {
  const wanted = name.toLowerCase();
  const position = report.parameters.findIndex((parameter) => parameter.name.toLowerCase() === wanted);
  if (position >= 0) {
    if (report.parameters[position].type !== "categorical") return (trial) => paramOf(trial, position);
    return (trial) => (paramOf(trial, position) === null ? null : paramText(trial, position));
  }
  const objective = report.study.directions.findIndex((_, i) => metricName(i).toLowerCase() === wanted);
  if (objective >= 0) return (trial) => valueOf(trial, objective);
  const fields = {
    value: (trial) => valueOf(trial, 0),
    number: (trial) => trial.number,
    trial: (trial) => trial.number,
    state: (trial) => trial.state,
    duration: (trial) => (durationOf(trial) === null ? null : durationOf(trial) / 1000),
    violation: (trial) => trial.violation,
  };
  return Object.hasOwn(fields, wanted) ? fields[wanted] : null;
}

function compares(found, operator, wanted) {
  if (found === null) return false;
  const [a, b] = [Number(found), Number(wanted)];
  const is_numeric = wanted.trim() !== "" && !Number.isNaN(b) && typeof found === "number";
  const same = is_numeric ? a === b : String(found).toLowerCase() === wanted.toLowerCase();
  switch (operator) {
    case "=":
      return same;
    case "!=":
      return !same;
    case "<":
      return is_numeric && a < b;
    case "<=":
      return is_numeric && a <= b;
    case ">":
      return is_numeric && a > b;
    default:
      return is_numeric && a >= b;
  }
}

function searchText(trial) {
  const texts = [`#${trial.number}`, trial.state, trial.reason];
  trial.params.forEach((value, position) => {
    if (value !== null && report.parameters[position].type === "categorical") texts.push(paramText(trial, position));
  });
  return texts.concat(Object.values(trial.attributes)).join("\n").toLowerCase();
}

function tokenTest(token) {
  const match = kComparison.exec(token);
  const field = match ? fieldNamed(match[1]) : null;
  if (field) return (trial) => compares(field(trial), match[2], match[3]);
  const wanted = token.toLowerCase();
  return (trial) => searchText(trial).includes(wanted);
}

/** A function from a trial to whether it passes. */
function filterOf(text) {
  const tests = filterTokens(text).map(tokenTest);
  return (trial) => tests.every((test) => test(trial));
}
