// Verbs against a data directory, with and without a node that holds it.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <sstream>

#include "cli/run.h"
#include "engine/clock.h"
#include "engine/command_json.h"
#include "engine/node.h"

namespace sluice::cli {

struct Ran {
  Exit exit = Exit::kDone;
  std::string out;
  std::string err;
};

class Offline : public ::testing::Test {
 protected:
  Offline() : directory_(::testing::TempDir() + "/sluice-offline-" + std::to_string(getpid())) {
    std::filesystem::remove_all(directory_);
  }
  ~Offline() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<Node> Open() {
    NodeOptions options;
    options.data_dir = directory_;
    options.partitions = 2;
    options.kinds = &BuiltinKinds();
    options.clock = &clock_;
    options.on_fatal = [](const Error& error) { FAIL() << error.message; };
    options.on_notice = [this](const std::string& notice) { notices_.push_back(notice); };
    auto node = Node::Open(options);
    EXPECT_TRUE(node) << node.error().message;
    return *std::move(node);
  }
  std::unique_ptr<Node> Start() {
    auto node = Open();
    EXPECT_TRUE(node->Start());
    return node;
  }

  // Decides one command; returns its position, or what went wrong.
  static std::string Decide(const std::function<void(CallerCallback)>& submit) {
    std::mutex mutex;
    std::condition_variable decided;
    std::optional<std::string> position;
    submit([&](Result<CallerAnswer> answer) {
      const std::lock_guard lock(mutex);
      position = answer ? answer->result.position : answer.error().message;
      decided.notify_all();
    });
    std::unique_lock lock(mutex);
    decided.wait(lock, [&] { return position.has_value(); });
    return *position;
  }
  static std::string Send(Node& node, const std::string& command) {
    return Decide([&](CallerCallback done) {
      auto parsed = CommandFromJson(command, node.kinds());
      ASSERT_TRUE(parsed) << parsed.error().message;
      node.Submit(*std::move(parsed), std::move(done));
    });
  }

  Ran Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--data", directory_});
    return RunAlone(std::move(arguments));
  }
  static Ran RunAlone(std::vector<std::string> arguments) {
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    Environment real = RealEnvironment({});
    Environment mine{.in = in,
                     .out = out,
                     .err = err,
                     .variable = [](const char*) { return std::nullopt; },
                     .now = real.now,
                     .pause = real.pause,
                     .new_id = real.new_id,
                     .connect = real.connect};
    Ran ran;
    ran.exit = RunSluice(std::move(arguments), mine);
    ran.out = out.str();
    ran.err = err.str();
    return ran;
  }

  SystemClock clock_;
  std::vector<std::string> notices_;
  const std::string directory_;
};

}  // namespace sluice::cli
