#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <span>

#include "cli/command.hpp"
#include "cli/commands/loaded_model.hpp"
#include "cli/commands/output_place.hpp"
#include "cli/options.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/output/table.hpp"
#include "cli/registry.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

const CommandHelp kHelp = {
    "fmnist-tune predict MODEL IMAGES [options]",
    "Says for each image of an IDX file (as t10k-images-idx3-ubyte, plain or .gz) which class a model that\n"
    "`retrain` made takes it for, and the probability of each class.",
    "  fmnist-tune predict mlp.trial-17.safetensors t10k-images-idx3-ubyte.gz -f csv -o classes.csv\n"
    "  fmnist-tune predict mlp.trial-17.safetensors images.idx -f json | jq '.[0].class'"};

using Probabilities = std::span<const double>;

/// The first one of the most probable.
std::int64_t most_probable(Probabilities probabilities) {
  return std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin();
}

std::vector<Probabilities> rows_of(const tune::Predictions& predictions) {
  std::vector<Probabilities> rows;
  const Probabilities all = predictions.probabilities;
  for (std::size_t begin = 0; begin < all.size(); begin += predictions.n_classes)
    rows.push_back(all.subspan(begin, predictions.n_classes));
  return rows;
}

Json predictions_json(const tune::Predictions& predictions) {
  Json images = Json::array();
  for (const Probabilities row : rows_of(predictions)) {
    Json probabilities = Json::array();
    for (const double probability : row) probabilities.push_back(json_number(probability));
    images.push_back(
        {{"image", images.size()}, {"class", most_probable(row)}, {"probabilities", probabilities}});
  }
  return images;
}

Table predictions_table(const tune::Predictions& predictions) {
  Table table{{"image", "class"}, {}};
  for (std::size_t c = 0; c < predictions.n_classes; ++c) table.columns.push_back(fmt::format("p_{}", c));
  for (const Probabilities row : rows_of(predictions)) {
    auto& cells = table.rows.emplace_back();
    cells = {static_cast<std::int64_t>(table.rows.size() - 1), most_probable(row)};
    cells.insert(cells.end(), row.begin(), row.end());
  }
  return table;
}

std::string text_of(const tune::Predictions& predictions, Format format, bool to_file) {
  if (format == Format::kJson) return predictions_json(predictions).dump() + "\n";
  const Table table = predictions_table(predictions);
  return format == Format::kCsv ? to_csv(table) : to_table(table, to_file ? std::nullopt : output_width());
}

po::options_description own_options() {
  po::options_description options("Options");
  add_model_options(options);
  add_format_option(options);
  add_output_options(options, "where to write instead of the standard output");
  return options;
}

}  // namespace

int predict_command(const Invocation& invocation) {
  const auto values = parse_options(kHelp, own_options(), "MODEL", invocation.arguments, 2);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  const auto path = model_argument(*values, kHelp);
  const auto words = positional_words(*values, "MODEL");
  if (words.size() < 2) throw UsageError(fmt::format("which images?\nusage: {}", kHelp.usage));
  const auto output = text_option(*values, "output");
  if (output) check_place(*output, *values);
  const std::string text =
      text_of(load_model(path, *values).model->predict(words[1]), format, output.has_value());
  output ? write_whole(*output, text) : fmt::print("{}", text);
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
