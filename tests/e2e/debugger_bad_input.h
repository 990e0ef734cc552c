// A node with eight locations and its log as files, for questions that have no answer.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "events/codec.h"
#include "events/envelope.gen.h"
#include "events/result.h"
#include "replay/export_file.h"
#include "tests/e2e/exit_codes.h"
#include "tests/support/node_process.h"

namespace sluice::testing {

using ::testing::HasSubstr;
using Words = std::vector<std::string>;

class DebuggerBadInput : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new TempDir("debugger-bad-input");
    node_ = new NodeProcess(*directory_ / "data", 0, {"--partitions", "2"});
    ASSERT_TRUE(node_->WaitReady()) << node_->Errors();
    for (int i = 0; i < 8; ++i) {
      const Finished sent = OnNode(
          {"send", fmt::format(R"({{"id":"c{}","entity":"location/default/l{}","command":"Apply",)"
                               R"("payload":{{"spec":{{"provider":"local"}}}}}})",
                               i, i)});
      ASSERT_EQ(sent.exit_code, kDone) << sent.err;
    }
    for (const char* form : {"lines", "binary"}) {
      const Finished exported = OnNode({"export", "-f", *directory_ / form, "-o", form});
      ASSERT_EQ(exported.exit_code, kDone) << exported.err;
    }
  }
  static void TearDownTestSuite() {
    delete std::exchange(node_, nullptr);
    delete std::exchange(directory_, nullptr);
  }

  static Finished OnNode(Words words) {
    words.insert(words.begin(), {"--server", node_->url()});
    return RunSluiceBinary(words);
  }
  static Finished OnFile(const std::string& file, Words words) {
    words.insert(words.begin(), {"--data", *directory_ / file});
    return RunSluiceBinary(words);
  }
  static void ExpectRefused(const Finished& finished, const std::string& names,
                            int exit_code = kBadInput) {
    EXPECT_EQ(finished.exit_code, exit_code) << finished.out << finished.err;
    EXPECT_THAT(finished.err, HasSubstr(names));
  }
  static void Write(const std::string& name, const std::string& bytes) {
    std::ofstream(*directory_ / name, std::ios::binary) << bytes;
  }

  // What a newer build would have written: the event of `l3` is of a type this one has never heard
  // of, and the chain holds. Returns the decision's position.
  static std::string WriteOfNewerBuild(const std::string& name) {
    std::ifstream from(*directory_ / "binary", std::ios::binary);
    auto reader = replay::ExportReader::Open(from);
    EXPECT_TRUE(reader);
    std::ofstream to(*directory_ / name, std::ios::binary);
    replay::ExportWriter writer(to, replay::ExportForm::kBinary, reader->header());
    std::map<uint32_t, Hash128> chains;
    std::string position;
    for (auto exported = reader->Next(); exported && *exported; exported = reader->Next()) {
      replay::ExportedRecord& record = **exported;
      LogRecord read = *Unpack<LogRecord>(record.bytes);
      Hash128& chain = chains[record.position.partition];
      read.previous = chain;
      record.bytes = Pack(read);
      const bool is_it = position.empty() && read.decision && read.decision->command &&
                         read.decision->command->entity == "location/default/l3";
      if (is_it) {
        position = FormatPosition(record.position.partition, record.position.sequence);
        const size_t at = record.bytes.find("LocationCreated");
        EXPECT_NE(at, std::string::npos);
        record.bytes.replace(at, 15, "LocationDreamed");
      }
      chain = Xxh128(record.bytes);
      writer.Add(record);
    }
    EXPECT_TRUE(writer.Finish());
    return position;
  }

  static inline TempDir* directory_ = nullptr;
  static inline NodeProcess* node_ = nullptr;
};

}  // namespace sluice::testing
