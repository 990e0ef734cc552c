#include "tests/kafka/exported_log.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "events/codec.h"
#include "events/epoch.h"

namespace sluice::testing {

Exported ReadExport(const std::string& path) {
  Exported exported;
  std::ifstream in(path, std::ios::binary);
  auto reader = replay::ExportReader::Open(in);
  if (!reader) {
    ADD_FAILURE() << path << ": " << reader.error().message;
    return exported;
  }
  exported.header = reader->header();
  exported.records.resize(exported.header.partitions);
  while (true) {
    auto record = reader->Next();
    if (!record) ADD_FAILURE() << path << ": " << record.error().message;
    if (!record || !*record) return exported;
    exported.records[(*record)->position.partition].push_back(std::move((*record)->bytes));
  }
}

void ExpectMoved(const Exported& was, const Exported& moved) {
  ASSERT_EQ(moved.records.size(), was.records.size());
  for (uint32_t partition = 0; partition < was.records.size(); ++partition) {
    const auto& before = was.records[partition];
    const auto& after = moved.records[partition];
    ASSERT_GE(after.size(), before.size() + 2) << partition;
    EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin())) << partition;
    const auto closing = Unpack<LogRecord>(after[before.size()]);
    const auto opened = Unpack<LogRecord>(after[before.size() + 1]);
    ASSERT_TRUE(closing && opened);
    const EpochOpened* epoch = OpenedEpoch(*closing);
    ASSERT_NE(epoch, nullptr) << partition;
    EXPECT_EQ(ToHex(epoch->previous_epoch), was.header.epoch);
    EXPECT_EQ(ToHex(epoch->epoch), moved.header.epoch);
    EXPECT_EQ(closing->previous, Xxh128(before.back()));
    EXPECT_TRUE(opened->opened) << partition;
  }
}

size_t Undecided(const Exported& log) {
  std::set<std::tuple<uint32_t, uint32_t, uint64_t, uint64_t>> sent;
  std::set<std::tuple<uint32_t, uint32_t, uint64_t, uint64_t>> decided;
  for (uint32_t partition = 0; partition < log.records.size(); ++partition) {
    for (const Bytes& bytes : log.records[partition]) {
      const auto record = Unpack<LogRecord>(bytes);
      if (!record || !record->decision || OpenedEpoch(*record) != nullptr) continue;
      for (const FollowUp& one : record->decision->effects.follow_ups) {
        sent.insert({partition, one.target_partition, record->sequence, one.number});
      }
      if (record->decision->origin->input != Input::kInternal) continue;
      const FollowUpSource& source = *record->decision->command->source;
      EXPECT_TRUE(
          decided.insert({source.partition, partition, source.sequence, source.number}).second)
          << partition << ":" << record->sequence << " is decided twice";
    }
  }
  size_t undecided = 0;
  for (const auto& one : sent) undecided += decided.contains(one) ? 0 : 1;
  return undecided;
}

size_t TimersDecidedSinceMoving(const Exported& log) {
  size_t timers = 0;
  for (const auto& records : log.records) {
    for (const Bytes& bytes : records) {
      const auto record = Unpack<LogRecord>(bytes);
      if (!record || !record->decision || OpenedEpoch(*record) != nullptr) continue;
      timers += record->decision->origin->input == Input::kTimers &&
                        ToHex(record->decision->origin->epoch) == log.header.epoch
                    ? 1
                    : 0;
    }
  }
  return timers;
}

Exported ExportFrom(const NodeProcess& node, const std::string& file) {
  const Finished exported =
      RunSluiceBinary({"--server", node.url(), "export", "-f", file, "-o", "binary"});
  EXPECT_EQ(exported.exit_code, 0) << exported.err;
  return ReadExport(file);
}

Exported ExportDecided(const NodeProcess& node, const std::string& file) {
  Exported log;
  for (int tries = 0; tries < 60; ++tries) {
    log = ExportFrom(node, file);
    if (Undecided(log) == 0) return log;
  }
  ADD_FAILURE() << Undecided(log) << " follow-ups stay undecided";
  return log;
}

Exported ExportUndecided(const std::string& data, const std::string& file) {
  const Finished whole = RunSluiceBinary({"--data", data, "export", "-f", file, "-o", "binary"});
  EXPECT_EQ(whole.exit_code, 0) << whole.err;
  const size_t middle = ReadExport(file).records[0].size() / 2;
  Exported cut;
  // One that leaves something undecided, of those around there.
  for (size_t at = middle; at < middle + 200 && Undecided(cut) == 0; ++at) {
    const Finished exported = RunSluiceBinary(
        {"--data", data, "export", "--to", fmt::format("0:{}", at), "-f", file, "-o", "binary"});
    EXPECT_EQ(exported.exit_code, 0) << exported.err;
    cut = ReadExport(file);
  }
  return cut;
}

}  // namespace sluice::testing
