#include "cli/program.hpp"

int main(int argc, char** argv) {
  return fmnist_tune::run_program({argv, argv + argc});
}
