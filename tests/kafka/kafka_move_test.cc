// Moving in and out: an embedded log becomes a cluster's and comes back, bit for bit, and the
// system goes on deciding at each place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <stop_token>
#include <thread>

#include "engine/journal/kafka/tests/kafka_broker.h"
#include "events/codec.h"
#include "events/epoch.h"
#include "replay/import.h"
#include "service/client/http_client.h"
#include "tests/crash/load.h"
#include "tests/support/node_process.h"

namespace sluice::testing {
namespace {

using nlohmann::json;
using replay::ExportedRecord;
using replay::ExportHeader;
using replay::ExportReader;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const auto* const kBroker [[maybe_unused]] = ::testing::AddGlobalTestEnvironment(new KafkaBroker);

constexpr uint32_t kPartitions = 4;

// An exported file, read whole.
struct Exported {
  ExportHeader header;
  std::vector<std::vector<Bytes>> records;  // by partition
};

Exported ReadExport(const std::string& path) {
  Exported exported;
  std::ifstream in(path, std::ios::binary);
  auto reader = ExportReader::Open(in);
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

// `moved` begins with what `was` has, record by record, and behind it opens an epoch and a term.
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

// How many follow-ups of a log are not decided; that none is decided twice is checked.
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

// Decisions on timers behind the last change of epoch.
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

json Send(const NodeProcess& node, const std::string& command) {
  HttpClient client(node.url());
  const auto answer = client.Call({.method = "POST", .target = "/commands", .body = command});
  if (!answer) return {{"failed", answer.error().message}};
  return json::parse(answer->body, nullptr, false);
}

Exported ExportFrom(const NodeProcess& node, const std::string& file) {
  const Finished exported =
      RunSluiceBinary({"--server", node.url(), "export", "-f", file, "-o", "binary"});
  EXPECT_EQ(exported.exit_code, 0) << exported.err;
  return ReadExport(file);
}

// Exports until everything that was sent is decided.
Exported ExportDecided(const NodeProcess& node, const std::string& file) {
  Exported log;
  for (int tries = 0; tries < 60; ++tries) {
    log = ExportFrom(node, file);
    if (Undecided(log) == 0) return log;
  }
  ADD_FAILURE() << Undecided(log) << " follow-ups stay undecided";
  return log;
}

// Users and a provider load the node until so many commands are answered.
void LoadNode(const NodeProcess& node, std::vector<std::unique_ptr<LoadUser>>& users,
              size_t commands) {
  std::stop_source stop;
  std::atomic<size_t> answered = 0;
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < users.size(); ++i) {
    threads.emplace_back([&, i] {
      const auto count = [&](size_t more) {
        if (answered += more; answered >= commands) stop.request_stop();
      };
      if (i == 0) return users[i]->Provide(node.url(), stop.get_token(), count);
      users[i]->Run(node.url(), stop.get_token(), count);
    });
  }
}

// Users' answers and the projections against what the log of the stopped node folds to.
void CheckNode(NodeProcess& node, const std::string& data,
               const std::vector<std::unique_ptr<LoadUser>>& users) {
  EXPECT_EQ(node.Stop(), 0) << node.Errors();
  std::vector<std::string> faults;
  const FoldedLog log = FoldLog(data, &faults);
  CompareProjections(data, log, /*caught_up=*/true, &faults);
  for (const auto& user : users) CheckAnswers(user->commands(), log, &faults);
  EXPECT_THAT(faults, IsEmpty());
}

TEST(KafkaMove, AnEmbeddedLogGoesToKafkaAndBackAndGoesOnDeciding) {
  const TempDir directory("move");
  const std::string cluster = KafkaBroker::FreshCluster();
  std::vector<std::unique_ptr<LoadUser>> users;
  for (uint64_t i = 0; i < 3; ++i) {
    users.push_back(std::make_unique<LoadUser>(i + 1, fmt::format("u{}", i)));
  }

  // On one machine, until it is killed in the middle of its work.
  {
    NodeProcess node(directory / "first", 0, {"--partitions", std::to_string(kPartitions)});
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    // What waits longer than two seconds is stuck: timers that are armed here come due there.
    const json settings = Send(node, R"({"entity":"clusterconfig/sluice-system/cluster",)"
                                     R"("command":"Apply","payload":{"spec":{)"
                                     R"("stuckDeadlines":{"default":"2s"}}}})");
    ASSERT_TRUE(settings.value("accepted", false)) << settings;
    LoadNode(node, users, 1500);
    node.Kill();
  }
  const std::string first = directory / "first.sluice";
  const Finished exported =
      RunSluiceBinary({"--data", directory / "first", "export", "-f", first, "-o", "binary"});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  const Exported was = ReadExport(first);

  const Finished imported =
      RunSluiceBinary({"import", first, "--kafka", KafkaBroker::Bootstrap(), "--cluster", cluster});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  std::cout << imported.out;
  const Finished again =
      RunSluiceBinary({"import", first, "--kafka", KafkaBroker::Bootstrap(), "--cluster", cluster});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("has a log already"));

  const std::string second = directory / "second.sluice";
  Exported on_kafka;
  {
    NodeProcess node(directory / "kafka", 0,
                     {"--kafka", KafkaBroker::Bootstrap(), "--cluster", cluster});
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    LoadNode(node, users, 1000);
    on_kafka = ExportDecided(node, second);
    ExpectMoved(was, on_kafka);
    const Finished verified = RunSluiceBinary({"--server", node.url(), "verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
    CheckNode(node, directory / "kafka", users);
  }

  // And back onto one machine.
  const Finished back = RunSluiceBinary({"import", second, "--data", directory / "back"});
  ASSERT_EQ(back.exit_code, 0) << back.err;
  {
    NodeProcess node(directory / "back");
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    LoadNode(node, users, 1000);
    const Exported home = ExportDecided(node, directory / "third.sluice");
    ExpectMoved(on_kafka, home);
    EXPECT_GE(TimersDecidedSinceMoving(on_kafka) + TimersDecidedSinceMoving(home), 1u);
    const Finished verified = RunSluiceBinary({"--server", node.url(), "verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
    CheckNode(node, directory / "back", users);
  }
}

TEST(KafkaMove, WhatIsUndecidedInTheCutIsDecidedOnceOnKafka) {
  const TempDir directory("cut");
  const std::string cluster = KafkaBroker::FreshCluster();
  std::vector<std::unique_ptr<LoadUser>> users;
  users.push_back(std::make_unique<LoadUser>(7, "p"));
  users.push_back(std::make_unique<LoadUser>(8, "u"));
  {
    NodeProcess node(directory / "first", 0, {"--partitions", std::to_string(kPartitions)});
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    LoadNode(node, users, 800);
    EXPECT_EQ(node.Stop(), 0);
  }
  // Up to the middle of the first partition: others have not decided what it had just sent.
  const std::string whole = directory / "whole.sluice";
  ASSERT_EQ(RunSluiceBinary({"--data", directory / "first", "export", "-f", whole, "-o", "binary"})
                .exit_code,
            0);
  const size_t middle = ReadExport(whole).records[0].size() / 2;
  const std::string file = directory / "cut.sluice";
  Exported was;
  // One that leaves something undecided, of those around there.
  for (size_t at = middle; at < middle + 200 && Undecided(was) == 0; ++at) {
    const Finished exported =
        RunSluiceBinary({"--data", directory / "first", "export", "--to", fmt::format("0:{}", at),
                         "-f", file, "-o", "binary"});
    ASSERT_EQ(exported.exit_code, 0) << exported.err;
    was = ReadExport(file);
  }
  const size_t undecided = Undecided(was);
  ASSERT_GE(undecided, 1u);
  const Finished imported =
      RunSluiceBinary({"import", file, "--kafka", KafkaBroker::Bootstrap(), "--cluster", cluster});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_THAT(imported.out, HasSubstr(fmt::format("{} follow-ups were not decided", undecided)));
  NodeProcess node(directory / "kafka", 0,
                   {"--kafka", KafkaBroker::Bootstrap(), "--cluster", cluster});
  ASSERT_TRUE(node.WaitReady()) << node.Errors();
  ExpectMoved(was, ExportDecided(node, directory / "moved.sluice"));
  CheckNode(node, directory / "kafka", {});
}

}  // namespace
}  // namespace sluice::testing
