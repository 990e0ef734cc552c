// Data directories that are no good, and bytes that are no command: what the node says, and that
// nothing acknowledged is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "engine/clock.h"
#include "engine/node.h"
#include "tests/crash/load.h"
#include "tests/e2e/exit_codes.h"
#include "tests/support/node_process.h"

namespace sluice::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Strings = std::vector<std::string>;

// A file system in memory, where this process may mount one.
class SmallDisk {
 public:
  SmallDisk(const std::string& path, const char* size) : path_(path) {
    fs::create_directories(path);
    mounted_ = mount("tmpfs", path.c_str(), "tmpfs", 0, size) == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  bool Remount(unsigned long flags, const char* size) {
    return mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | flags, size) == 0;
  }

 private:
  const std::string path_;
  bool mounted_ = false;
};

// Users who go on until the node ends; its exit code.
int LoadUntilItEnds(NodeProcess& node, LoadUser& user) {
  user.Run(node.url(), {}, [](size_t) {});
  return node.Wait();
}

void ExpectAllThere(const std::string& data, const LoadUser& user) {
  Strings faults;
  const FoldedLog log = FoldLog(data, &faults);
  CheckAnswers(user.commands(), log, &faults);
  EXPECT_EQ(faults, Strings{});
  EXPECT_GT(log.decisions, 0U);
}

// What happens on a disk with no room left, given a node that will find one.
void ExpectEndsAndGoesOn(NodeProcess& node, const std::string& data,
                         const std::function<void()>& make_room) {
  ASSERT_TRUE(node.WaitReady()) << node.Errors();
  LoadUser user(1, "u");
  EXPECT_EQ(LoadUntilItEnds(node, user), kUnavailable) << node.Errors();
  EXPECT_THAT(node.Errors(), AllOf(HasSubstr("cannot be written"), HasSubstr("is lost")));
  make_room();
  ExpectAllThere(data, user);
  NodeProcess again(data);
  ASSERT_TRUE(again.WaitReady()) << again.Errors();
  EXPECT_EQ(again.Stop(), 0);
}

TEST(BadDisk, AFullDiskEndsTheNodeAndLosesNothing) {
  const TempDir directory("full");
  SmallDisk disk(directory / "disk", "size=12m");
  if (!disk.mounted()) GTEST_SKIP() << "no file system can be mounted here";
  const std::string data = directory / "disk/data";
  NodeProcess node(data);
  ExpectEndsAndGoesOn(node, data, [&] { ASSERT_TRUE(disk.Remount(0, "size=200m")); });
  // No room from the beginning.
  SmallDisk none(directory / "none", "size=4k");
  const Finished up = RunSluiceBinary(
      {"up", "--data", directory / "none/data", "--listen", "127.0.0.1:0", "--provider", "none"});
  EXPECT_EQ(up.exit_code, kUnavailable);
  EXPECT_THAT(up.err, HasSubstr("disk with room"));
}

TEST(BadDisk, AFileThatMayNotGrowEndsTheNodeAndLosesNothing) {
  const TempDir directory("limit");
  const std::string data = directory / "data";
  NodeProcess node(data, 0, {}, [] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit bytes{.rlim_cur = 512 * 1024, .rlim_max = 512 * 1024};
    setrlimit(RLIMIT_FSIZE, &bytes);
  });
  ExpectEndsAndGoesOn(node, data, [] {});
}

TEST(BadDisk, AReadOnlyDirectory) {
  const TempDir directory("readonly");
  SmallDisk disk(directory / "disk", "size=64m");
  if (!disk.mounted()) GTEST_SKIP() << "no file system can be mounted here";
  const std::string data = directory / "disk/data";
  {
    NodeProcess node(data);
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    ASSERT_EQ(node.Stop(), 0);
  }
  ASSERT_TRUE(disk.Remount(MS_RDONLY, ""));
  for (const std::string& path : {data, directory / "disk/new"}) {
    const Finished up = RunSluiceBinary({"up", "--data", path, "--listen", "127.0.0.1:0"});
    EXPECT_EQ(up.exit_code, kUnavailable);
    EXPECT_THAT(up.err, AllOf(HasSubstr(path), HasSubstr("Read-only file system"),
                              HasSubstr("must be writable")));
  }
  const Finished read = RunSluiceBinary({"--data", data, "get", "network"});
  EXPECT_EQ(read.exit_code, kUnavailable);
  EXPECT_THAT(read.err, HasSubstr("Read-only file system"));
}

TEST(BadDisk, WhatIsNoDirectory) {
  const TempDir directory("file");
  std::ofstream(directory / "file") << "x";
  const Finished up =
      RunSluiceBinary({"up", "--data", directory / "file", "--listen", "127.0.0.1:0"});
  EXPECT_EQ(up.exit_code, kUnavailable);
  EXPECT_THAT(up.err, HasSubstr("Not a directory"));
  const Finished read = RunSluiceBinary({"--data", directory / "nowhere", "get", "network"});
  EXPECT_EQ(read.exit_code, kBadInput);
  EXPECT_FALSE(fs::exists(directory / "nowhere"));
}

TEST(BadDisk, AnotherNumberOfPartitions) {
  const TempDir directory("partitions");
  {
    NodeProcess node(directory / "data", 0, {"--partitions", "2"});
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
  }
  const Finished up = RunSluiceBinary(
      {"up", "--data", directory / "data", "--listen", "127.0.0.1:0", "--partitions", "7"});
  EXPECT_EQ(up.exit_code, kBadInput);
  EXPECT_THAT(up.err, AllOf(HasSubstr("2 partitions, not 7"), HasSubstr("leave --partitions")));
  NodeProcess node(directory / "data");
  EXPECT_TRUE(node.WaitReady()) << node.Errors();
}

// Bytes as they would come from a topic: HTTP and the CLI refuse them before.
TEST(DeadLetters, BytesThatAreNoCommandAreSetAsideAndCanBeTriedAgain) {
  const TempDir directory("letters");
  const Strings all = {"", "no command", std::string(100, '\xff'), R"({"entity":)",
                       R"({"entity":"network/default/x","command":"Aply"})"};
  {
    const SystemClock clock;
    NodeOptions options;
    options.data_dir = directory / "data";
    options.kinds = &BuiltinKinds();
    options.clock = &clock;
    options.on_fatal = [](const Error& error) { FAIL() << error.message; };
    auto node = Node::Open(options);
    ASSERT_TRUE(node) << node.error().message;
    ASSERT_TRUE((*node)->Start());
    std::mutex mutex;
    std::condition_variable answered;
    size_t refused = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      (*node)->SubmitBytes(1, all[i], /*is_json=*/i >= 3, [&](Result<CallerAnswer> answer) {
        const std::lock_guard lock(mutex);
        EXPECT_FALSE(answer);
        if (!answer) {
          EXPECT_THAT(answer.error().message, HasSubstr("dead letters"));
        }
        ++refused;
        answered.notify_all();
      });
    }
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return refused == all.size(); });
  }
  NodeProcess node(directory / "data");
  ASSERT_TRUE(node.WaitReady()) << node.Errors();
  const auto run = [&](Strings arguments) {
    arguments.insert(arguments.begin(), {"--server", node.url()});
    return RunSluiceBinary(arguments);
  };
  const auto letters = [&] {
    return json::parse(run({"dead-letters", "list", "-o", "json"}).out).at("items");
  };
  const json listed = letters();
  ASSERT_EQ(listed.size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_NE(listed[i].at("reason"), "");
    EXPECT_EQ(listed[i].at("size"), all[i].size());
    const json origin = {{"input", listed[i].at("origin").at("input")},
                         {"partition", 1},
                         {"offset", listed[i].at("origin").at("offset")}};
    EXPECT_EQ(listed[i].at("origin"), origin);
  }
  EXPECT_THAT(listed[4].at("reason").get<std::string>(), HasSubstr("Aply"));
  EXPECT_THAT(run({"dead-letters", "list"}).out, HasSubstr("Aply"));
  // They still are no command: each becomes a new dead letter, and the old one goes.
  const std::string id = listed[0].at("id");
  const Finished retried = run({"dead-letters", "retry", id});
  EXPECT_EQ(retried.exit_code, kBadInput) << retried.out << retried.err;
  const json after = letters();
  EXPECT_EQ(after.size(), all.size());
  for (const json& letter : after) EXPECT_NE(letter.at("id"), id);
  EXPECT_NE(run({"dead-letters", "retry", "1-999"}).exit_code, kDone);
  EXPECT_EQ(run({"dead-letters", "retry", "x"}).exit_code, kBadInput);
  EXPECT_EQ(run({"get", "network"}).exit_code, kDone);
  EXPECT_EQ(run({"get", "network", "x"}).exit_code, kRejected);
}

}  // namespace
}  // namespace sluice::testing
