#include "quality/formulas.hpp"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>
#include <vector>

#include "tune/error.hpp"

namespace tune::quality {
namespace {

using nlohmann::json;
using Table = std::map<std::string, double>;
using Numbers = std::vector<double>;

double square(double x) {
  return x * x;
}

double number(const ParamValues& params, const std::string& name) {
  const auto found = params.find(name);
  if (found == params.end()) {
    throw std::out_of_range("no parameter " + name);
  }
  const auto* integer = std::get_if<std::int64_t>(&found->second);
  return integer != nullptr ? static_cast<double>(*integer) : std::get<double>(found->second);
}

const std::string& choice(const ParamValues& params, const std::string& name) {
  const auto found = params.find(name);
  if (found == params.end()) {
    throw std::out_of_range("no parameter " + name);
  }
  return std::get<std::string>(found->second);
}

/// x0, x1, … x{d−1}.
Numbers vector_of(const ParamValues& params, std::size_t d) {
  Numbers x;
  for (std::size_t i = 0; i < d; ++i) {
    x.push_back(number(params, "x" + std::to_string(i)));
  }
  return x;
}

double branin(const ParamValues& params) {
  constexpr double kPi = std::numbers::pi;
  const double x0 = number(params, "x0");
  const double x1 = number(params, "x1");
  const double b = 5.1 / (4 * kPi * kPi);
  const double t = 1 / (8 * kPi);
  return square(x1 - b * x0 * x0 + 5 / kPi * x0 - 6) + 10 * (1 - t) * std::cos(x0) + 10;
}

struct Hartmann {
  Numbers alpha;
  std::vector<Numbers> a;
  std::vector<Numbers> centre;

  double operator()(const ParamValues& params) const {
    const Numbers x = vector_of(params, centre.front().size());
    double sum = 0.0;
    for (std::size_t i = 0; i < alpha.size(); ++i) {
      double exponent = 0.0;
      for (std::size_t j = 0; j < x.size(); ++j) {
        exponent += a[i][j] * square(x[j] - centre[i][j]);
      }
      sum += alpha[i] * std::exp(-exponent);
    }
    return -sum;
  }
};

struct Ackley {
  Numbers shift;

  double operator()(const ParamValues& params) const {
    const Numbers x = vector_of(params, shift.size());
    const auto d = static_cast<double>(x.size());
    double squares = 0.0;
    double waves = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      squares += square(x[i] - shift[i]);
      waves += std::cos(2 * std::numbers::pi * (x[i] - shift[i]));
    }
    return -20 * std::exp(-0.2 * std::sqrt(squares / d)) - std::exp(waves / d) + 20 + std::numbers::e;
  }
};

struct Rastrigin {
  Numbers shift;

  double operator()(const ParamValues& params) const {
    const Numbers x = vector_of(params, shift.size());
    double sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double z = x[i] - shift[i];
      sum += z * z - 10 * std::cos(2 * std::numbers::pi * z) + 10;
    }
    return sum;
  }
};

double rosenbrock(const ParamValues& params) {
  const Numbers x = vector_of(params, 4);
  double sum = 0.0;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    sum += 100 * square(x[i + 1] - x[i] * x[i]) + square(1 - x[i]);
  }
  return sum;
}

struct Mixed {
  Table best_rate;
  Table optimizer_penalty;
  Table activation_penalty;

  double operator()(const ParamValues& params) const {
    const std::string& optimizer = choice(params, "optimizer");
    const double a = std::log10(number(params, "lr")) - best_rate.at(optimizer);
    const double b = std::log10(number(params, "weight_decay")) + 4;
    const double u = std::log2(number(params, "units"));
    const double c = number(params, "n_layers") - 3;
    const double d = u - 8;
    const double e = number(params, "dropout") - 0.08 * (u - 5);
    return 0.5 * a * a + 0.1 * b * b + 0.06 * c * c + 0.15 * d * d + 6 * e * e + 0.08 * c * d +
           optimizer_penalty.at(optimizer) + activation_penalty.at(choice(params, "activation"));
  }
};

struct Conditional {
  Numbers depth_penalty;
  Numbers best_width;

  double operator()(const ParamValues& params) const {
    const auto depth = static_cast<std::size_t>(number(params, "depth"));
    double sum = depth_penalty.at(depth - 1);
    for (std::size_t i = 0; i < depth; ++i) {
      sum += 0.12 * square(std::log2(number(params, "width_l" + std::to_string(i))) - best_width[i]);
    }
    return sum + optimizer_term(params, std::log10(number(params, "lr")));
  }

  static double optimizer_term(const ParamValues& params, double rate) {
    const std::string& optimizer = choice(params, "optimizer");
    if (optimizer == "sgd") {
      const double momentum = number(params, "momentum");
      return 0.3 * square(rate + 1 + 1.5 * momentum) + 4 * square(momentum - 0.9) + 0.05;
    }
    if (optimizer == "adam") {
      return 0.5 * square(rate + 3) + 40 * square(number(params, "beta2") - 0.98);
    }
    return 0.5 * square(rate + 3.3) + 3 * square(number(params, "alpha") - 0.9) + 0.15;
  }
};

double step_grid(const ParamValues& params) {
  const double a = (number(params, "i0") - 65) / 100;
  const double b = (number(params, "i1") + 20) / 100;
  const double c = (number(params, "i2") - 41) / 64;
  const double d = (number(params, "f0") - 1.25) / 2;
  const double e = (std::log2(number(params, "l0")) - 5) / 10;
  const double g = (number(params, "f1") - 0.4) / 2;
  return 4 * a * a + 3 * b * b + 3 * c * c + 2 * d * d + 5 * e * e + 2 * g * g + 2 * a * b - 1.5 * c * e +
         std::abs(d - g);
}

}  // namespace

std::function<double(const ParamValues&)> formula(const std::string& name, const json& constants) {
  if (name == "branin2") return branin;
  if (name == "hartmann6") return Hartmann{constants.at("H_ALPHA"), constants.at("H6A"), constants.at("H6P")};
  if (name == "ackley5") return Ackley{constants.at("ACK5_SHIFT")};
  if (name == "ackley20") return Ackley{constants.at("ACK20_SHIFT")};
  if (name == "rastrigin5") return Rastrigin{constants.at("RAS_SHIFT")};
  if (name == "rosenbrock4") return rosenbrock;
  if (name == "mixed7") {
    return Mixed{constants.at("MIX_OPT_LR"), constants.at("MIX_OPT_PEN"), constants.at("MIX_ACT_PEN")};
  }
  if (name == "conditional") return Conditional{constants.at("CON_DEPTH_PEN"), constants.at("CON_W")};
  if (name == "stepgrid") return step_grid;
  throw InvalidArgument("no formula for the problem \"" + name + "\"");
}

}  // namespace tune::quality
