#include "fmnist/training_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "tune/bytes.hpp"
#include "tune/error.hpp"

namespace fmnist {
namespace {

/// Raised with every change of what is kept.
constexpr std::uint32_t kVersion = 2;

void write_position(tune::ByteWriter& writer, const TrainingPosition& position) {
  writer.write(position.epoch);
  writer.write(static_cast<std::uint8_t>(position.validating ? 1 : 0));
  writer.write(position.train_loss);
  writer.write(position.train_accuracy);
  writer.write(static_cast<std::uint64_t>(position.pass.examples));
  writer.write(static_cast<std::uint64_t>(position.pass.batches));
  writer.write(position.pass.loss);
  writer.write(position.pass.correct);
}

TrainingPosition read_position(tune::ByteReader& reader) {
  TrainingPosition position;
  position.epoch = reader.read<std::int64_t>();
  position.validating = reader.read<std::uint8_t>() != 0;
  position.train_loss = reader.read<double>();
  position.train_accuracy = reader.read<double>();
  position.pass.examples = reader.read<std::uint64_t>();
  position.pass.batches = reader.read<std::uint64_t>();
  position.pass.loss = reader.read<double>();
  position.pass.correct = reader.read<std::int64_t>();
  return position;
}

Curves read_curves(tune::ByteReader& reader, std::int64_t epoch) {
  Curves curves;
  for (auto* curve :
       {&curves.train_loss, &curves.train_accuracy, &curves.validation_loss, &curves.validation_accuracy}) {
    *curve = reader.read_list<double>();
    if (epoch < 1 || curve->size() != static_cast<std::uint64_t>(epoch) - 1)
      throw tune::FormatError("its curves do not fit its epoch");
  }
  return curves;
}

EngineState read_engine(tune::ByteReader& reader) {
  EngineState engine;
  engine.parameters = reader.read_list<float>();
  engine.buffers = reader.read_list<float>();
  engine.optimizer.first = reader.read_list<float>();
  engine.optimizer.second = reader.read_list<float>();
  engine.optimizer.steps = reader.read<std::int64_t>();
  for (auto& word : engine.dropout) word = reader.read<std::uint32_t>();
  return engine;
}

}  // namespace

std::vector<std::byte> encode_training_state(const TrainingState& state, std::string_view identity) {
  tune::ByteWriter writer;
  writer.write(kVersion);
  writer.write_text(identity);
  write_position(writer, state.position);
  for (const auto* curve : {&state.curves.train_loss, &state.curves.train_accuracy,
                            &state.curves.validation_loss, &state.curves.validation_accuracy})
    writer.write_list(*curve);
  writer.write_list(state.engine.parameters);
  writer.write_list(state.engine.buffers);
  writer.write_list(state.engine.optimizer.first);
  writer.write_list(state.engine.optimizer.second);
  writer.write(state.engine.optimizer.steps);
  for (const std::uint32_t word : state.engine.dropout) writer.write(word);
  writer.write(state.peak_memory_bytes);
  return std::move(writer).bytes();
}

TrainingState decode_training_state(std::span<const std::byte> bytes, std::string_view identity) {
  tune::ByteReader reader(bytes);
  if (const auto version = reader.read<std::uint32_t>(); version != kVersion)
    throw tune::FormatError(
        fmt::format("it has version {} of the trainer's format, not {}", version, kVersion));
  if (const std::string found = reader.read_text(); found != identity)
    throw tune::FormatError(fmt::format("it is of \"{}\", not of \"{}\"", found, identity));
  TrainingState state;
  state.position = read_position(reader);
  state.curves = read_curves(reader, state.position.epoch);
  state.engine = read_engine(reader);
  state.peak_memory_bytes = reader.read<std::uint64_t>();
  reader.expect_end();
  return state;
}

}  // namespace fmnist
