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

}  // namespace fmnist
