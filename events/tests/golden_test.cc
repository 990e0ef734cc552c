// Encodings that must never change: committed files hold what they were, and this build must agree.
// With SLUICE_UPDATE_GOLDEN=1 in the environment the files are written anew, which is right only
// together with a new kHashVersion, or for a file that was not there.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "events/codec.h"
#include "events/envelope.gen.h"
#include "events/epoch.gen.h"
#include "events/everything.gen.h"
#include "events/json.h"
#include "events/logical.h"
#include "source_directory.h"

namespace sluice {
namespace {

const std::string kTestdata = std::string(SLUICE_SOURCE_DIR) + "/events/testdata/";

bool Updating() { return std::getenv("SLUICE_UPDATE_GOLDEN") != nullptr; }

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

void WriteFile(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<uint8_t>(c));
  return hex;
}

// "Leaf {"count":1}" to "Leaf {"count":1} <encoding> <hash>".
std::string VectorLine(const std::string& type_and_json) {
  const size_t space = type_and_json.find(' ');
  const Type* type = FindType(type_and_json.substr(0, space));
  CHECK(type != nullptr);
  void* table = nullptr;
  const AnyTable holder = AnyTable::Make(*type, &table);
  const auto read = FromJson(*type, type_and_json.substr(space + 1), table);
  EXPECT_TRUE(read) << ToString(read.error());
  std::string encoding;
  AppendLogical(*type, table, &encoding);
  return fmt::format("{}\n  {}\n  {}\n", type_and_json, Hex(encoding),
                     ToHex(LogicalHash(*type, table)));
}

TEST(Golden, LogicalEncodingAndHash) {
  static_assert(kHashVersion == 1, "the files below are of version 1");
  const std::string path = kTestdata + "golden/logical_v1.txt";
  std::istringstream lines(ReadFile(path));
  std::string actual;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) actual += line + "\n";
    if (!line.starts_with("#") && !line.starts_with("  ")) actual += VectorLine(line);
  }
  if (Updating()) WriteFile(path, actual);
  EXPECT_EQ(ReadFile(path), actual);
}

// A record as an accepted command leaves it, every part of the envelope filled.
LogRecord AcceptedRecord() {
  Command command;
  command.id = "c-1";
  command.entity = "clusterconfig/sluice-system/cluster";
  command.payload = AnyTable::Of(ClusterConfigApply{.labels = {{"team", "core"}}});
  command.expected_version = 3;
  command.actor = "alice";
  command.correlation_id = "request-7";

  Command follow_up;
  follow_up.entity = "clusterconfig/sluice-system/cluster";
  follow_up.payload = AnyTable::Of(Observe{.observer = "instance/default/web-0"});
  follow_up.source = FollowUpSource{.epoch = {1, 2},
                                    .partition = 3,
                                    .term = 4,
                                    .number = 5,
                                    .sequence = 6,
                                    .entity = "instance/default/web-0"};
  follow_up.outcome_number = 0;

  Decision decision;
  decision.command = command;
  decision.origin =
      Origin{.epoch = {7, 8}, .input = Input::kInternal, .partition = 1, .offset = 99};
  decision.events = {
      Event{AnyTable::Of(
          ConditionChanged{.condition = {.type = "Ready", .status = ConditionStatus::kTrue}})},
      Event{AnyTable::Unknown("FromTomorrow", "bytes of tomorrow")},
  };
  decision.effects.follow_ups = {
      FollowUp{.target_partition = 2, .number = 11, .command = follow_up}};
  decision.effects.timers = {TimerChange{.id = "retry", .due = Time{1'795'255'200'000'000}}};
  decision.reply = AnyTable::Of(NameReference{.name = "web"});
  decision.time = Time{1'795'255'199'000'001};
  decision.state_hash = {0xa, 0xb};
  decision.version = 4;
  return LogRecord{
      .partition = 1, .term = 2, .sequence = 17, .previous = {0xc, 0xd}, .decision = decision};
}

LogRecord RejectedRecord() {
  LogRecord record{.partition = 0, .term = 1, .sequence = 1};
  record.decision.emplace();
  record.decision->verdict = Verdict::kRejected;
  record.decision->rejection = RejectionRecord{
      .code = RejectionCode::kImmutable, .field = "spec.level", .message = "is set already"};
  record.decision->duplicate_of = Position{.partition = 0, .sequence = 0};
  record.decision->reply_deferred = true;
  return record;
}

LogRecord OpenedRecord() {
  LogRecord record{.partition = 0, .term = 1};
  record.opened = Opened{.epoch = {1, 1},
                         .node = "node-a",
                         .build = "0.1.0",
                         .time = Time{1'795'255'200'000'000},
                         .partitions = 4};
  record.opened->settings = ClusterConfigSpec{.level = 1,
                                              .idempotency_window = Duration::Hours(24),
                                              .ipv4_pools = {"10.0.0.0/8"},
                                              .stuck_deadlines = {{"default", "10m0s"}}};
  return record;
}

LogRecord EpochOpenedRecord() {
  LogRecord record{.partition = 3, .term = 7, .sequence = 42, .previous = {0xc, 0xd}};
  record.decision.emplace();
  record.decision->time = Time{1'795'255'200'000'000};
  record.decision->events = {
      Event{AnyTable::Of(EpochOpened{.epoch = {2, 2}, .previous_epoch = {1, 1}})}};
  return record;
}

// The bytes in the files were written by the first build and are not written again: logs keep
// records for ever, and every later build reads them.
class OldBytes : public testing::TestWithParam<std::pair<std::string, LogRecord (*)()>> {};

TEST_P(OldBytes, StayReadable) {
  const auto& [name, make] = GetParam();
  const std::string packed_path = kTestdata + "packed/" + name + ".bin";
  const std::string json_path = kTestdata + "packed/" + name + ".json";
  if (Updating() && !std::ifstream(packed_path).good()) {
    WriteFile(packed_path, Pack(make()));
    WriteFile(json_path, ToPrettyJson(make()) + "\n");
  }
  const Result<LogRecord> record = Unpack<LogRecord>(ReadFile(packed_path));
  ASSERT_TRUE(record) << ToString(record.error());
  EXPECT_EQ(*record, make());
  EXPECT_EQ(ToPrettyJson(*record) + "\n", ReadFile(json_path));
}

INSTANTIATE_TEST_SUITE_P(Records, OldBytes,
                         testing::Values(std::pair{"accepted", &AcceptedRecord},
                                         std::pair{"rejected", &RejectedRecord},
                                         std::pair{"opened", &OpenedRecord},
                                         std::pair{"epoch_opened", &EpochOpenedRecord}),
                         [](const auto& test) { return test.param.first; });

}  // namespace
}  // namespace sluice
