#include "quality/problems.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "quality/formulas.hpp"
#include "tune/error.hpp"

namespace tune::quality {
namespace {

using nlohmann::json;

ParamValue param_value(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return value.get<double>();
}

ParamValues param_values(const json& object) {
  ParamValues params;
  for (const auto& [name, value] : object.items()) {
    params.emplace(name, param_value(value));
  }
  return params;
}

Distribution distribution_of(const json& parameter) {
  const std::string type = parameter.at("type");
  if (type == "categorical") {
    std::vector<ParamValue> choices;
    for (const json& choice : parameter.at("choices")) {
      choices.push_back(param_value(choice));
    }
    return CategoricalDistribution{std::move(choices)};
  }
  if (type == "int") {
    return validated(IntDistribution{parameter.at("low"), parameter.at("high"), parameter.at("log"),
                                     parameter.at("step").get<std::int64_t>()});
  }
  FloatDistribution number{parameter.at("low"), parameter.at("high"), parameter.at("log"), {}};
  if (!parameter.at("step").is_null()) {
    number.step = parameter.at("step").get<double>();
  }
  return validated(number);
}

/// The space of `conditional`, which the file gives in words.
SearchSpace conditional_space() {
  SearchSpace space;
  space.add({"depth", IntDistribution{1, 4, false, 1}, {}});
  space.add_repeated("width", IntDistribution{8, 512, true, 1}, "depth");
  space.add({"lr", FloatDistribution{1e-5, 1.0, true, {}}, {}});
  const std::vector<ParamValue> optimizers{std::string("sgd"), std::string("adam"), std::string("rmsprop")};
  space.add({"optimizer", CategoricalDistribution{optimizers}, {}});
  const auto under = [&](std::size_t i) {
    return std::vector<Condition>{WhenOneOf{"optimizer", {optimizers[i]}}};
  };
  space.add({"momentum", FloatDistribution{0.0, 0.99, false, {}}, under(0)});
  space.add({"beta2", FloatDistribution{0.9, 0.9999, false, {}}, under(1)});
  space.add({"alpha", FloatDistribution{0.5, 0.999, false, {}}, under(2)});
  return space;
}

SearchSpace space_of(const json& problem) {
  if (problem.at("space").is_null()) {
    return conditional_space();
  }
  SearchSpace space;
  for (const json& parameter : problem.at("space")) {
    space.add({parameter.at("name"), distribution_of(parameter), {}});
  }
  return space;
}

Problem problem_of(const json& description, const json& constants) {
  Problem problem{description.at("name"), space_of(description), {}, {}};
  problem.value = formula(problem.name, constants);
  for (const json& vector : description.at("test_vectors")) {
    problem.test_vectors.emplace_back(param_values(vector.at("params")), vector.at("f"));
  }
  return problem;
}

}  // namespace

ParamValues Problem::suggest_all(Trial& trial) const {
  ParamValues params;
  for (const ParameterDeclaration& declaration : space.parameters()) {
    if (SearchSpace::is_active(declaration, params)) {
      params.emplace(declaration.name, trial.suggest(declaration.name, declaration.distribution));
    }
  }
  return params;
}

bool Problem::is_conditional() const {
  const auto& parameters = space.parameters();
  return std::any_of(parameters.begin(), parameters.end(),
                     [](const ParameterDeclaration& declaration) { return !declaration.conditions.empty(); });
}

const Problem& ProblemSet::find(const std::string& name) const {
  std::string known;
  for (const Problem& problem : problems) {
    if (problem.name == name) return problem;
    known += (known.empty() ? "" : ", ") + problem.name;
  }
  throw InvalidArgument("unknown problem \"" + name + "\"; known problems: " + known);
}

ProblemSet load_problems(const std::filesystem::path& path) {
  std::ifstream stream(path);
  if (!stream) {
    throw InvalidArgument("cannot read " + path.string());
  }
  try {
    const json data = json::parse(stream);
    ProblemSet set{{}, data.at("budgets")};
    for (const json& description : data.at("problems")) {
      set.problems.push_back(problem_of(description, data.at("constants")));
    }
    return set;
  } catch (const json::exception& error) {
    throw FormatError(path.string() + ": " + error.what());
  }
}

}  // namespace tune::quality
