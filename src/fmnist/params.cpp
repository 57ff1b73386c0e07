#include "fmnist/params.hpp"

#include <fmt/format.h>

#include "tune/error.hpp"

namespace fmnist {
namespace {

const tune::ParamValue& find(const tune::ParamValues& params, std::string_view name) {
  const auto found = params.find(name);
  if (found == params.end()) throw tune::InvalidArgument(fmt::format("parameter \"{}\" has no value", name));
  return found->second;
}

template <typename T>
const T& get(const tune::ParamValues& params, std::string_view name, const char* expected) {
  const tune::ParamValue& value = find(params, name);
  if (const T* typed = std::get_if<T>(&value)) return *typed;
  throw tune::InvalidArgument(
      fmt::format("parameter \"{}\": expected {}, found {}", name, expected, tune::to_json(value)));
}

}  // namespace

bool get_bool(const tune::ParamValues& params, std::string_view name) {
  return get<bool>(params, name, "true or false");
}

std::int64_t get_int(const tune::ParamValues& params, std::string_view name) {
  return get<std::int64_t>(params, name, "an integer");
}

double get_float(const tune::ParamValues& params, std::string_view name) {
  if (const auto* integer = std::get_if<std::int64_t>(&find(params, name)))
    return static_cast<double>(*integer);
  return get<double>(params, name, "a number");
}

const std::string& get_string(const tune::ParamValues& params, std::string_view name) {
  return get<std::string>(params, name, "a text");
}

std::string layer_name(std::string_view name, std::int64_t layer) {
  return fmt::format("{}_l{}", name, layer);
}

std::int64_t layer_int(const tune::ParamValues& params, std::string_view name, std::int64_t layer,
                       std::int64_t otherwise) {
  const std::string own = layer_name(name, layer);
  if (params.contains(own)) return get_int(params, own);
  return params.contains(name) ? get_int(params, name) : otherwise;
}

double layer_float(const tune::ParamValues& params, std::string_view name, std::int64_t layer,
                   double otherwise) {
  const std::string own = layer_name(name, layer);
  if (params.contains(own)) return get_float(params, own);
  return params.contains(name) ? get_float(params, name) : otherwise;
}

void refuse_name(std::string_view parameter, const std::vector<tune::ParamValue>& known,
                 const std::string& found) {
  std::string list;
  for (std::size_t i = 0; i < known.size(); ++i) {
    list += i == 0 ? "" : i + 1 == known.size() ? " or " : ", ";
    list += tune::to_text(known[i]);
  }
  throw tune::InvalidArgument(fmt::format("{}: expected {}, found \"{}\"", parameter, list, found));
}

std::int64_t in_range(std::string_view parameter, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value >= low && value <= high) return value;
  throw tune::InvalidArgument(fmt::format("{}: expected {} to {}, found {}", parameter, low, high, value));
}

}  // namespace fmnist
