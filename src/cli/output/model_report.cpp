#include "cli/output/model_report.hpp"

#include <fmt/format.h>

#include <numeric>
#include <utility>
#include <vector>

#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/output/table.hpp"

namespace fmnist_tune {
namespace {

using tune::ClassifierTest;

/// Nothing for a part of nothing.
Cell share(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return {};
  return static_cast<double>(part) / static_cast<double>(whole);
}

std::int64_t sum_of_row(const ClassifierTest& test, std::size_t label) {
  return std::accumulate(test.confusion[label].begin(), test.confusion[label].end(), std::int64_t{0});
}

std::int64_t sum_of_column(const ClassifierTest& test, std::size_t prediction) {
  std::int64_t sum = 0;
  for (const auto& row : test.confusion) sum += row[prediction];
  return sum;
}

/// Class, examples, accuracy, precision.
std::vector<Cell> class_row(const ClassifierTest& test, std::size_t label) {
  const std::int64_t n = sum_of_row(test, label);
  const std::int64_t correct = test.confusion[label][label];
  return {static_cast<std::int64_t>(label), n, share(correct, n), share(correct, sum_of_column(test, label))};
}

Table class_table(const ClassifierTest& test) {
  Table table{{"class", "examples", "accuracy", "precision"}, {}};
  for (std::size_t label = 0; label < test.confusion.size(); ++label) {
    table.columns.push_back(fmt::format("as_{}", label));
    auto row = class_row(test, label);
    row.insert(row.end(), test.confusion[label].begin(), test.confusion[label].end());
    table.rows.push_back(std::move(row));
  }
  return table;
}

Json classes_json(const ClassifierTest& test) {
  Json classes = Json::array();
  for (std::size_t label = 0; label < test.confusion.size(); ++label) {
    const auto row = class_row(test, label);
    classes.push_back({{"class", json_value(row[0])},
                       {"n_examples", json_value(row[1])},
                       {"accuracy", json_value(row[2])},
                       {"precision", json_value(row[3])}});
  }
  return classes;
}

Json report_json(const ModelReport& report) {
  // The file may say anything for a number.
  const Json trial = Json::parse(report.trial, nullptr, false);
  Json json = {{"model", report.path}, {"study", report.study}};
  json["trial"] = trial.is_number_unsigned() ? trial : Json(report.trial);
  json["parameter_count"] = report.parameter_count;
  if (report.training_seconds) json["training_seconds"] = json_number(*report.training_seconds);
  json["test_accuracy"] = json_number(report.test.accuracy());
  json["test_loss"] = json_number(report.test.loss);
  json["n_test_examples"] = report.test.n_examples();
  json["classes"] = classes_json(report.test);
  json["confusion"] = report.test.confusion;
  return json;
}

std::string report_table(const ModelReport& report) {
  std::vector<std::pair<std::string, std::string>> facts = {
      {"model", report.path},
      {"study", report.study},
      {"trial", report.trial},
      {"parameters", std::to_string(report.parameter_count)}};
  if (report.training_seconds) facts.emplace_back("training seconds", readable(*report.training_seconds));
  facts.emplace_back("test examples", std::to_string(report.test.n_examples()));
  facts.emplace_back("test accuracy", readable(report.test.accuracy()));
  facts.emplace_back("test loss", readable(report.test.loss));
  for (auto& [name, text] : facts) text = printable(text);
  return to_fact_list(facts, output_width()) + "\n" + to_table(class_table(report.test), output_width());
}

}  // namespace

std::string to_text(const ModelReport& report, Format format) {
  if (format == Format::kJson) return to_text(report_json(report));
  return format == Format::kCsv ? to_csv(class_table(report.test)) : report_table(report);
}

}  // namespace fmnist_tune
