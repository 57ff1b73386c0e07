#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

/// Drives a fuzz target without libFuzzer: each seed, then as many changed ones as asked, always the same.
/// Usage: PROGRAM MUTANTS SEED…, where a folder stands for all files below it. A crash is the failure; the
/// input that caused it is then in `failed_input` of the working folder.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> read_seeds(char** first, char** last) {
  std::vector<fs::path> paths;
  for (char** name = first; name != last; ++name) {
    if (!fs::is_directory(*name)) {
      paths.emplace_back(*name);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(*name)) {
      if (entry.is_regular_file()) paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> seeds;
  std::transform(paths.begin(), paths.end(), std::back_inserter(seeds), bytes_of);
  return seeds;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& seeds) : seeds_(seeds) {}

  std::string next() {
    std::string input = seeds_[below(seeds_.size())];
    const std::size_t n_changes = 1 + below(8);
    for (std::size_t i = 0; i < n_changes; ++i) change(input);
    return input;
  }

 private:
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }

  /// Mostly short, at times nearly everything.
  std::size_t some_length(std::size_t limit) { return below(std::min(limit, std::size_t{1} << below(14)) + 1); }

  void change(std::string& input) {
    const std::size_t at = below(input.size() + 1);
    const std::size_t left = input.size() - at;
    switch (below(7)) {
      case 0:
        if (left > 0) input[at] = static_cast<char>(static_cast<unsigned>(input[at]) ^ (1U << below(8)));
        return;
      case 1:
        if (left > 0) input[at] = static_cast<char>(random_());
        return;
      case 2:
        input.erase(at, some_length(left));
        return;
      case 3:
        input.insert(at, input.substr(at, some_length(left)));
        return;
      case 4:
        return splice(input, at);
      case 5:
        input.insert(at, kTokens[below(kTokens.size())]);
        return;
      default:
        return replace_number(input, at);
    }
  }

  void splice(std::string& input, std::size_t at) {
    const std::string& other = seeds_[below(seeds_.size())];
    const std::size_t from = below(other.size() + 1);
    const std::size_t length = some_length(other.size() - from);
    input.replace(at, std::min(length, input.size() - at), other, from, length);
  }

  /// The next number in the text becomes another one.
  void replace_number(std::string& input, std::size_t at) {
    constexpr std::string_view kDigits = "0123456789";
    const std::size_t first = input.find_first_of(kDigits, at);
    if (first == std::string::npos) return;
    const std::size_t last = std::min(input.find_first_not_of(kDigits, first), input.size());
    input.replace(first, last - first, kNumbers[below(kNumbers.size())]);
  }

  static constexpr std::array<std::string_view, 12> kTokens = {
      "{",       "}", "[", "]", "\"", ",", ":", "null", "NaN", "\\ud800", std::string_view("\0\0\0\0", 4),
      "\xff\xff"};
  static constexpr std::array<std::string_view, 9> kNumbers = {"0",
                                                               "-1",
                                                               "1e999",
                                                               "1e-999",
                                                               "9223372036854775807",
                                                               "9223372036854775808",
                                                               "-9223372036854775808",
                                                               "2147483648",
                                                               "0.1"};

  const std::vector<std::string>& seeds_;
  std::mt19937_64 random_{20};  // NOLINT: the same in every run.
};

std::string current_input;

void keep_input() {
  std::FILE* file = std::fopen("failed_input", "wb");
  if (file != nullptr) {
    std::fwrite(current_input.data(), 1, current_input.size(), file);
    std::fclose(file);
  }
}

void run(std::string input) {
  current_input = std::move(input);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current_input.data()), current_input.size());
}

[[noreturn]] void give_up() {
  keep_input();
  std::abort();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s MUTANTS SEED...\n", argv[0]);
    return 2;
  }
  std::set_terminate(give_up);
  const std::vector<std::string> seeds = read_seeds(argv + 2, argv + argc);
  if (seeds.empty()) {
    std::fprintf(stderr, "no seeds\n");
    return 2;
  }
  for (const std::string& seed : seeds) run(seed);
  Mutator mutator(seeds);
  const long n_mutants = std::strtol(argv[1], nullptr, 10);
  for (long i = 0; i < n_mutants; ++i) run(mutator.next());
  std::printf("%zu seeds, %ld mutants\n", seeds.size(), n_mutants);
  return 0;
}
