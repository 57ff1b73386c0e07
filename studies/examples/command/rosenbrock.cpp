// Gradient descent on Rosenbrock's function: a program whose parameters fmnist-tune searches. Parameters come
// from the environment, the function's value after every 50 steps and at the end goes to standard output, a
// line of JSON each.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

double parameter(const char* name) {
  const char* text = std::getenv((std::string("TUNE_PARAM_") + name).c_str());
  if (text == nullptr) {
    std::fprintf(stderr, "TUNE_PARAM_%s is not set\n", name);
    std::exit(2);
  }
  return std::strtod(text, nullptr);
}

}  // namespace

int main() {
  const double lr = parameter("lr");
  const double momentum = parameter("momentum");
  double x = -1.2, y = 1.0, vx = 0.0, vy = 0.0;
  const auto value = [&] { return std::pow(1 - x, 2) + 100 * std::pow(y - x * x, 2); };
  for (int step = 1; step <= 1000; ++step) {
    vx = momentum * vx - lr * (-2 * (1 - x) - 400 * x * (y - x * x));
    vy = momentum * vy - lr * 200 * (y - x * x);
    x += vx;
    y += vy;
    if (!std::isfinite(value())) {
      std::puts(R"({"pruned": "diverged"})");
      return 0;
    }
    if (step % 50 == 0) std::printf("{\"step\": %d, \"value\": %.17g}\n", step, value());
    std::fflush(stdout);
  }
  std::printf("{\"value\": %.17g, \"user_attrs\": {\"x\": %.17g, \"y\": %.17g}}\n", value(), x, y);
}
