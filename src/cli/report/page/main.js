"use strict";

function showEverything() {
  showOverview();
  // Controls that are in use stay: a running study rarely has new parameters.
  if (shownControls !== controlNames()) showControls();
  contour.fills.forEach((fill) => fill());
  redrawAll();
  showTable();
}

function start() {
  takeOver(JSON.parse(document.getElementById("report-data").textContent));
  addProgressPlots();
  addFrontPlot();
  addImportancePlot();
  addEdf();
  addParameterPlots();
  addContourPlot();
  addLearningPlot();
  addTimeline();
  addTable();
  addFailures();
  addProvenance();
  showOverview();
  showControls();
  showNavigation();
  startTheme(redrawAll);
  startDialog();
  addEventListener("beforeprint", drawUndrawn);
  startLive();
}

start();
